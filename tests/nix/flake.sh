#!/usr/bin/env bash
# The flake as its users call it, with the stand-in for nixpkgs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
nix() { bash tests/nix/nix.sh "$@"; }

# the stand-in builds offline, from what cargo has
cargo fetch --locked --quiet
nix flake check --print-build-logs
nix run .#gate -- --version
nix run .#gate -- rehearse --yes
nix build --no-link .#image
nix develop -c gate reap --dry-run
nix develop -c gate plan --format json | python3 -c '
import json, sys
plan = json.dumps(json.load(sys.stdin))
assert all(f"T{n:03}" in plan for n in range(1, 44)), "the plan lacks a subtask"
'
# evaluated for every system, built for this one
for system in x86_64-linux aarch64-linux x86_64-darwin aarch64-darwin; do
  for output in packages.$system.{default,gate,gate-unwrapped} checks.$system.rehearsal devShells.$system.default; do
    nix eval --raw ".#$output.drvPath"
    echo "  $output"
  done
  nix eval --raw ".#apps.$system.gate.program"
  echo
done
nix fmt -- --check flake.nix nix/*.nix tests/nix/standin/*.nix
git diff --exit-code flake.lock
