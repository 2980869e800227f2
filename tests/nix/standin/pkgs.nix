# The packages that the flake uses: the machine's own programs, linked, and builders that behave
# as nixpkgs' do where the flake can tell. Nothing is sandboxed. What is missing is an error.
{
  system,
  lib,
  host,
}:
let
  # --- builders ---------------------------------------------------------------------------

  # A builder ends with a word of bash: coreutils close standard output before they exit, and
  # Nix 2.8 kills what is left at end of file.
  raw =
    name: script:
    derivation {
      inherit name system;
      builder = host.bash;
      args = [
        "-c"
        "PATH=${host.path}; ${script}; :"
      ];
    };
  stdenv = raw "stdenv" "mkdir -p $out && cp ${./stdenv.sh} $out/setup";

  onlyStrings =
    env:
    assert lib.assertMsg (builtins.all (value: builtins.isString value) (
      builtins.attrValues env
    )) "env holds something that is no string";
    env;

  mkDerivation =
    attrs:
    let
      plain = removeAttrs attrs [
        "env"
        "meta"
        "passthru"
      ];
      built = derivation (
        {
          name = "${attrs.pname}-${attrs.version}";
          nativeBuildInputs = [ ];
          outputs = [ "out" ];
        }
        // plain
        // onlyStrings (attrs.env or { })
        // {
          inherit system stdenv;
          builder = host.bash;
          args = [
            "-c"
            "source $stdenv/setup; build"
          ];
          hostPath = host.path;
        }
      );
    in
    built
    // (attrs.passthru or { })
    // {
      meta = attrs.meta or { };
      overrideAttrs = change: mkDerivation (attrs // change attrs);
    };

  runCommand =
    name: attrs: buildPhase:
    mkDerivation (attrs // { inherit name buildPhase; });

  # --- the machine's programs ----------------------------------------------------------------

  # One that is missing still says its version, and nothing more: then the gate's toolbox makes
  # its own, or a verb fails and says which program it wanted.
  fromHost =
    pname: programs:
    raw "${pname}-host" ''
      mkdir -p $out/bin && for program in ${toString programs}; do
        if found=$(command -v $program); then ln -s "$found" $out/bin/$program; else
          printf '#!${host.bash}\ncase $1 in version | --version) echo "%s 0.0.0 (not on this machine)" ;; *) exit 127 ;; esac\n' \
            $program > $out/bin/$program
          chmod +x $out/bin/$program
        fi
      done''
    // {
      inherit pname;
      version = "host";
      meta.mainProgram = builtins.head programs;
    };

  rust =
    program:
    runCommand "${program}-host" { meta.mainProgram = program; } ''
      mkdir -p $out/bin
      printf '#!${host.bash}\nexport CARGO_HOME=%q RUSTUP_HOME=%q\nexec %q "$@"\n' \
        ${host.cargoHome} ${host.rustupHome} "$(command -v ${program})" > $out/bin/${program}
      chmod +x $out/bin/${program}
    '';

  # --- as nixpkgs ------------------------------------------------------------------------------

  buildRustPackage =
    attrs:
    mkDerivation (
      {
        CARGO_HOME = host.cargoHome;
        RUSTUP_HOME = host.rustupHome;
        # shared by every build of this flake and by the machine's own, to spare hours
        CARGO_TARGET_DIR = host.target;
        CARGO_PROFILE_DEV_OPT_LEVEL = host.optLevel;
        CARGO_NET_OFFLINE = "true";
        lockFile = "${attrs.cargoLock.lockFile}";
        configurePhase = "diff $lockFile Cargo.lock";
        buildPhase = "cargo build --release --locked";
        doCheck = true;
        checkPhase = "cargo test --locked $cargoTestFlags";
        installPhase = "mkdir -p $out/bin; cp ${host.target}/release/gate $out/bin/";
      }
      // removeAttrs attrs [ "cargoLock" ]
    );

  # a fixed output, as the real one; the machine's own pip fetches it from where it always does
  fetchPypi =
    {
      pname,
      version,
      sha256,
      format,
      dist,
      python,
    }:
    assert format == "wheel" && dist == "py3" && python == "py3";
    mkDerivation {
      name = "${pname}-${version}-py3-none-any.whl";
      outputHash = sha256;
      outputHashAlgo = "sha256";
      outputHashMode = "flat";
      impureEnvVars = host.pipVariables;
      buildPhase = ''
        # Debian's python comes without pip
        python=python3
        if ! python3 -m pip --version > /dev/null 2>&1; then
          python3 -m venv own
          python=own/bin/python
        fi
        HOME=${host.home} $python -m pip download --quiet --no-deps --only-binary :all: \
          --implementation py --abi none --platform any \
          --dest . ${pname}==${version}
        mv ${pname}-${version}-py3-none-any.whl $out
      '';
    };

  mkShell =
    {
      packages,
      env,
      shellHook,
    }:
    mkDerivation {
      name = "nix-shell";
      nativeBuildInputs = packages;
      inherit env shellHook;
      buildPhase = "touch $out";
    };

  # nixpkgs' arguments and our own by name; as there, a result that is a set can be overridden
  callPackageWith =
    scope: path: given:
    let
      function = import path;
      wanted = builtins.functionArgs function;
      missing = lib.filter (name: !(scope ? ${name} || given ? ${name} || wanted.${name})) (
        builtins.attrNames wanted
      );
      result = function (builtins.intersectAttrs wanted scope // given);
    in
    assert lib.assertMsg (missing == [ ]) "the stand-in for nixpkgs has no ${toString missing}";
    result // { override = change: callPackageWith scope path (given // change); };

  base = self: {
    inherit
      fetchPypi
      lib
      mkShell
      runCommand
      ;
    callPackage = callPackageWith self;
    stdenv.hostPlatform.isLinux = builtins.match ".*-linux" system != null;
    rustPlatform = { inherit buildRustPackage; };
    writeText = name: text: runCommand name { inherit text; } ''printf %s "$text" > $out'';
    linkFarm =
      name: links:
      runCommand name { } (
        "mkdir $out\n"
        + builtins.concatStringsSep "\n" (map (link: "ln -s ${link.path} $out/${link.name}") links)
      );
    # functions of stdenv.sh
    makeWrapper = runCommand "make-wrapper" { } "mkdir $out";
    installShellFiles = runCommand "install-shell-files" { } "mkdir $out";
    dockerTools = {
      binSh = runCommand "bin-sh" { } "mkdir -p $out/bin; ln -s ${host.bash} $out/bin/sh";
      usrBinEnv = runCommand "usr-bin-env" { } ''
        mkdir -p $out/usr/bin
        ln -s ${self.coreutils}/bin/env $out/usr/bin/env
      '';
      # no stream: image.json, and the root directory as the commands leave it. Only root may give
      # files away, so who gets which is written down.
      streamLayeredImage =
        {
          name,
          tag,
          created,
          contents,
          fakeRootCommands,
          config,
        }:
        runCommand "stream-${name}"
          {
            inherit contents fakeRootCommands;
            json = builtins.toJSON {
              inherit
                config
                contents
                created
                tag
                ;
            };
          }
          ''
            mkdir -p $out/root
            printf %s "$json" > $out/image.json
            for each in $contents; do cp -rs --no-preserve=mode "$each"/. $out/root/; done
            chown() { printf '%s\n' "$*" >> $out/chown; }
            cd $out/root
            eval "$fakeRootCommands"
            # Nix takes write permission and the sticky bit from what it keeps
            stat --format '%a %n' * > $out/modes
          '';
    };

    # our own pipx: the machine's, under the version it has
    fetchFromGitHub =
      {
        owner,
        repo,
        tag,
        hash,
      }:
      runCommand "source" { inherit hash; } "echo ${owner}/${repo} ${tag} > $out";
    python3Packages =
      lib.genAttrs [
        "argcomplete"
        "colorama"
        "docutils"
        "filelock"
        "hatch-vcs"
        "hatchling"
        "packaging"
        "platformdirs"
        "userpath"
      ] (name: runCommand name { } "mkdir $out")
      // {
        buildPythonApplication = attrs: fromHost attrs.pname [ attrs.pname ];
      };

    cacert = runCommand "cacert" { } ''
      mkdir -p $out/etc/ssl/certs
      cp /etc/ssl/certs/ca-certificates.crt $out/etc/ssl/certs/ca-bundle.crt
    '';
    cargo = rust "cargo";
    clippy = rust "cargo-clippy";
    rustc = rust "rustc" // {
      version = host.rustc;
    };
    rustfmt = rust "cargo-fmt";
    bash = fromHost "bash-interactive" [
      "bash"
      "sh"
    ];
    bashInteractive = self.bash; # `nix develop` asks for it
    bubblewrap = fromHost "bubblewrap" [ "bwrap" ];
    cargo-deny = fromHost "cargo-deny" [ "cargo-deny" ];
    coreutils = fromHost "coreutils" host.coreutils;
    deadnix = fromHost "deadnix" [ "deadnix" ];
    flyctl = fromHost "flyctl" [ "flyctl" ];
    gh = fromHost "gh" [ "gh" ];
    git = fromHost "git" [ "git" ];
    gnugrep = fromHost "gnugrep" [ "grep" ];
    gnused = fromHost "gnused" [ "sed" ];
    gnutar = fromHost "gnutar" [ "tar" ];
    gzip = fromHost "gzip" [ "gzip" ];
    nixfmt = fromHost "nixfmt" [ "nixfmt" ];
    openssh = fromHost "openssh" [ "ssh" ];
    python3 = fromHost "python3" [ "python3" ];
    uv = fromHost "uv" [ "uv" ];
  };

  # overlays as in nixpkgs: each `extend` gives a new fixed point
  fix =
    overlays:
    let
      self =
        builtins.foldl' (previous: overlay: previous // overlay self previous) (base self) overlays
        // {
          extend = overlay: fix (overlays ++ [ overlay ]);
        };
    in
    self;
in
fix [ ]
