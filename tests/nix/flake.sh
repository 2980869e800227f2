#!/usr/bin/env bash
# The flake as its users call it, with the stand-in for nixpkgs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
nix() { bash tests/nix/nix.sh "$@"; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
wrong() { echo "$1" >&2; exit 1; }

# the stand-in builds offline, from what cargo has
cargo fetch --locked --quiet
nix flake check --print-build-logs
nix run .#gate -- --version
nix run .#gate -- rehearse --yes --bundle "$work/b.tar.gz"
nix run .#gate -- verify "$work/b.tar.gz"
nix run .#gate -- reproduce "$work/b.tar.gz"
# the image can run the gate: what the stand-in writes down of it
nix build --out-link "$work/image" .#image
python3 - "$work/image" << 'P'
import json, os, sys
image = sys.argv[1]
listed = lambda name: open(f"{image}/{name}").read().splitlines()
config = json.load(open(f"{image}/image.json"))["config"]
home, user = config["WorkingDir"], config["User"]
assert f"HOME={home}" in config["Env"], config
assert f"{user} .{home}" in listed("chown") and os.path.isdir(f"{image}/root{home}"), "nobody's home"
assert "1777 tmp" in listed("modes"), "nowhere to put temporary files"
assert f":{user}:" in listed("root/etc/passwd")[0], "the user has no name"
for program in ["bin/gate", "bin/sh", "usr/bin/env"]:
    assert os.access(f"{image}/root/{program}", os.X_OK), f"no /{program}"
P
# a nixpkgs that the overlay is applied to is not the one that the flake pins
[ "$(nix eval --raw .#packages.x86_64-linux.gate.revisions.nixpkgs)" = stand-in ]
[ "$(nix eval --raw .#overlays.default --apply \
  'overlay: (overlay { callPackage = _: given: given; } { }).gate.revisions.nixpkgs')" = unpinned ]

nix develop -c gate reap --dry-run
for verb in audit install run; do nix develop -c gate $verb --help > "$work/help"; done
nix develop -c gate doctor > "$work/doctor" || true # nobody needs to be logged in
for tool in bash flyctl gh git pipx python3 uv; do
  grep -A 1 "^$tool " "$work/doctor" | grep 'pinned: .* this is it' || wrong "doctor does not find the pinned $tool"
done
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
