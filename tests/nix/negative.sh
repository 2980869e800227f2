#!/usr/bin/env bash
# Breaks one thing for each check of the flake, and sees that very check fail for that reason.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
system=$(bash "$root/tests/nix/nix.sh" eval --raw --impure --expr builtins.currentSystem)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
# the machine's tools and build directory stay those of the real tree
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}
passed=0
wrong=0

turns_red() { # CHECK WORDS-IN-ITS-LOG COMMAND-THAT-BREAKS…
  rm -rf "$copy/tree"
  mkdir "$copy/tree"
  (cd "$root" && git ls-files -z | xargs -0 cp --parents -t "$copy/tree")
  local whole
  whole=$(state)
  (cd "$copy/tree" && "${@:3}")
  if [ "$(state)" = "$whole" ]; then
    echo "$1: nothing was broken by: ${*:3}" >&2
    wrong=$((wrong + 1))
    return
  fi
  if bash "$root/tests/nix/nix.sh" build -L --no-link "path:$copy/tree#checks.$system.$1" \
    > "$copy/log" 2>&1; then
    echo "$1: passes although broken by: ${*:3}" >&2
    wrong=$((wrong + 1))
  elif ! grep -qE "$2" "$copy/log"; then
    echo "$1: fails, but not for the reason \"$2\":" >&2
    tail -n 20 "$copy/log" >&2
    wrong=$((wrong + 1))
  else
    echo "$1: red, as it must: $(grep -E "$2" "$copy/log" | head -n 1)"
    passed=$((passed + 1))
  fi
}
state() { (cd "$copy/tree" && find . -type f -exec sha256sum {} + | sort | sha256sum); }
append() { printf '%s\n' "$2" >> "$1"; }

turns_red fmt 'Diff in .*main.rs' append src/main.rs 'fn  wide( ) { }'
turns_red clippy 'missing documentation for a function' append src/lib.rs 'pub fn undocumented() {}'
turns_red gate-unwrapped 'this file contains an unclosed delimiter' append src/lib.rs 'fn open() {'
turns_red gate-unwrapped 'leaves its unit tests out' sed -i 's/^  strictDeps = true;/&\n  doCheck = false;/' nix/package.nix
turns_red nixfmt 'not formatted' append nix/tools.nix ' '
turns_red deadnix 'Unused' sed -i 's/^let$/let\n  unused = 1;/' nix/tools.nix
turns_red wrapper 'entries outside the store' sed -i 's/--set PATH /--prefix PATH : /' nix/wrapper.nix
turns_red wrapper 'uv does not answer' sed -i '/^    uv$/d' nix/tools.nix
turns_red wrapper 'ssh does not answer' sed -i '/^    openssh$/d' nix/tools.nix
turns_red wrapper 'does not see GATE_PINNED_TOOLS=/' sed -i '/--set GATE_PINNED_TOOLS/d' nix/wrapper.nix
turns_red wrapper 'does not see GATE_REHEARSAL_WHEELS=/' sed -i '/--set GATE_REHEARSAL_WHEELS/d' nix/wrapper.nix
turns_red wrapper "operator's PYTHONHOME reaches" sed -i '/--unset PYTHONHOME/d' nix/wrapper.nix
turns_red gate-file 'there is no verb `no-such-verb`' sed -i '0,/uses = "[a-z-]*"/s//uses = "no-such-verb"/' examples/gate.toml
turns_red docs 'man/man1/gate.1 is not there' sed -i '/installManPage/d' nix/wrapper.nix
turns_red docs '_gate is not there' sed -i 's/--zsh gate.zsh//' nix/wrapper.nix
turns_red rehearsal 'git. is not on PATH|`git`' sed -i '/^    git$/d' nix/tools.nix

echo "$passed passed, $wrong failed"
[ "$wrong" = 0 ]
