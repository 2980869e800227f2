{
  description = "gate: a hermetic release gate";

  # nixos-26.05 is the last branch with x86_64-darwin, and its rustc is `rust-version` in Cargo.toml
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
      eachSystem = f: lib.genAttrs systems (system: f (pkgsFor system));
      pkgsFor = system: nixpkgs.legacyPackages.${system}.extend (overlay (nixpkgs.rev or "unpinned"));
      overlay = nixpkgsRevision: final: _prev: {
        gate-unwrapped = final.callPackage ./nix/package.nix { };
        gate-pipx = final.callPackage ./nix/pipx.nix { };
        gate-tools = final.callPackage ./nix/tools.nix { };
        gate-wheels = final.callPackage ./nix/wheels.nix { };
        gate = final.callPackage ./nix/wrapper.nix {
          revisions = {
            # Nix 2.8 knows no dirtyRev; a dirty tree has no revision to name
            gate = self.rev or "dirty";
            nixpkgs = nixpkgsRevision;
          };
        };
        gate-image = final.callPackage ./nix/image.nix { };
      };
    in
    {
      # whoever applies it brings a nixpkgs of their own, whose revision is not known here
      overlays.default = overlay "unpinned";

      packages = eachSystem (
        pkgs:
        {
          inherit (pkgs) gate gate-unwrapped;
          default = pkgs.gate;
        }
        // lib.optionalAttrs pkgs.stdenv.hostPlatform.isLinux { image = pkgs.gate-image; }
      );

      apps = eachSystem (pkgs: rec {
        gate = {
          type = "app";
          program = lib.getExe pkgs.gate;
          meta.description = "Run the release gate with pinned tools";
        };
        default = gate;
      });

      # not callPackage: its `override` is no derivation, and `nix flake check` refuses it
      checks = eachSystem (pkgs: import ./nix/checks.nix pkgs);

      devShells = eachSystem (pkgs: {
        default = pkgs.callPackage ./nix/shell.nix { };
      });

      formatter = eachSystem (pkgs: pkgs.nixfmt);
    };
}
