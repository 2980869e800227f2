{
  lib,
  rustPlatform,
  rustc,
}:
let
  manifest = (lib.importTOML ../Cargo.toml).package;
in
# `rust-version` promises the pinned compiler, neither an older nor a newer one
assert lib.assertMsg (
  lib.versions.majorMinor rustc.version == manifest.rust-version
) "Cargo.toml says rust-version ${manifest.rust-version}, the pinned rustc is ${rustc.version}";
rustPlatform.buildRustPackage {
  pname = "gate-unwrapped";
  inherit (manifest) version;
  src = import ./source.nix { inherit lib; };
  # no hash to maintain: every crate is fetched by its checksum in Cargo.lock
  cargoLock.lockFile = ../Cargo.lock;
  strictDeps = true;
  # The unit tests need no tool. The tests of the whole program need many, and run with cargo;
  # what the flake adds is tried by its checks.
  cargoTestFlags = [ "--lib" ];
  checkType = "debug";
  # the tests' servers listen on loopback, which macOS' sandbox refuses unless asked
  __darwinAllowLocalNetworking = true;
  meta = {
    inherit (manifest) description;
    license = with lib.licenses; [
      mit
      asl20
    ];
    mainProgram = "gate";
    platforms = lib.platforms.unix;
  };
}
