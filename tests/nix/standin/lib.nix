# The part of nixpkgs' `lib` that the flake uses, and nothing else: what is missing here is an
# error, so this file is the list.
let
  inherit (builtins) concatStringsSep elemAt filter;
in
rec {
  inherit (builtins) concatStringsSep filter;

  genAttrs =
    names: f:
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = f name;
      }) names
    );
  optional = condition: value: if condition then [ value ] else [ ];
  optionalAttrs = condition: attrs: if condition then attrs else { };
  assertMsg = condition: message: condition || throw message;
  mapAttrsToList = f: attrs: map (name: f name attrs.${name}) (builtins.attrNames attrs);
  removeSuffix =
    suffix: text:
    let
      found = builtins.match "(.*)${suffix}" text;
    in
    if found == null then text else builtins.head found;
  splitString = separator: text: filter builtins.isString (builtins.split separator text);
  importTOML = path: builtins.fromTOML (builtins.readFile path);

  getName = package: package.pname or (builtins.parseDrvName package.name).name;
  getVersion = package: package.version or (builtins.parseDrvName package.name).version;
  getBin = package: package;
  makeBinPath = packages: concatStringsSep ":" (map (package: "${package}/bin") packages);
  getExe =
    package:
    "${package}/bin/${package.meta.mainProgram or (throw "${package.name} has no mainProgram")}";

  versions.majorMinor =
    version:
    let
      parts = builtins.splitVersion version;
    in
    "${elemAt parts 0}.${elemAt parts 1}";

  licenses = {
    mit.spdxId = "MIT";
    asl20.spdxId = "Apache-2.0";
  };
  platforms.unix = [
    "x86_64-linux"
    "aarch64-linux"
    "x86_64-darwin"
    "aarch64-darwin"
  ];

  # a file set is a predicate on an absolute path, and one for the directories above
  fileset =
    let
      below =
        directory: path: builtins.substring 0 (builtins.stringLength directory + 1) path == "${directory}/";
      coerce =
        set:
        if set ? holds then
          set
        else if !builtins.pathExists set then
          throw "fileset: ${toString set} does not exist"
        else
          {
            holds = path: path == toString set || below (toString set) path;
            above = path: below path (toString set);
          };
      none = {
        holds = _: false;
        above = _: false;
      };
      union = a: b: {
        holds = path: a.holds path || b.holds path;
        above = path: a.above path || b.above path;
      };
    in
    {
      unions = sets: builtins.foldl' union none (map coerce sets);
      maybeMissing = path: if builtins.pathExists path then coerce path else none;
      difference =
        a: b:
        let
          from = coerce a;
          without = coerce b;
        in
        from // { holds = path: from.holds path && !without.holds path; };
      toSource =
        { root, fileset }:
        builtins.path {
          name = "source";
          path = root;
          filter = path: type: fileset.holds path || (type == "directory" && fileset.above path);
        };
    };
}
