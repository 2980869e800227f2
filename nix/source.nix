# What the crate is built from. Editing *.md, .github/ or nix/ does not rebuild it.
{ lib }:
let
  fs = lib.fileset;
in
fs.toSource {
  root = ../.;
  fileset = fs.unions [
    ../Cargo.toml
    ../Cargo.lock
    ../clippy.toml
    ../src
    # what `gate init` writes
    ../examples
    (fs.difference ../tests ../tests/nix)
    (fs.maybeMissing ../benches)
  ];
}
