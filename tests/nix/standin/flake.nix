{
  description = "A stand-in for nixpkgs over this machine's own tools, to try the flake without it";

  outputs =
    { self }:
    let
      lib = import ./lib.nix;
      # written by ../nix.sh: what evaluation may not look up by itself
      host = builtins.fromJSON (builtins.readFile ./host.json);
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
    in
    {
      inherit lib;
      # a directory has none; as nixpkgs, so that the flake has one to name
      rev = "stand-in";
      legacyPackages = lib.genAttrs systems (system: import ./pkgs.nix { inherit system lib host; });
    };
}
