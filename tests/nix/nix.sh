#!/usr/bin/env bash
# Runs a Nix command on this flake with the stand-in in the place of nixpkgs:
#     bash tests/nix/nix.sh run .#gate -- --version
# Nothing of the machine's or the user's nix.conf is used, and flake.lock is never written.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
standin=$target/nix/standin
tools=$target/nix/tools/bin # where .ci/setup puts what is not in Debian

# Programs as they stand on PATH, behind version managers' shims: those need their own variables.
search=$tools:$(dirname "$(rustup which cargo 2>/dev/null || command -v cargo)"):$PATH
search=$(tr : '\n' <<< "$search" | grep -v /shims | paste -sd:)
json() { printf '"%s"' "$1"; }
list() { printf '%s\n' "$@" | sed 's/.*/"&"/' | paste -sd, | sed 's/.*/[&]/'; }
# shellcheck disable=SC2046 # one word each
coreutils=$(list $(dpkg -L coreutils 2>/dev/null | sed -n 's,.*/bin/\([^/]*\)$,\1,p'))
mkdir -p "$standin"
cp "$here"/standin/* "$standin/"
cat > "$standin/host.json" <<J
{
  "bash": $(json "$(PATH=$search command -v bash)"),
  "path": $(json "$search"),
  "home": $(json "$HOME"),
  "target": $(json "$target"),
  "optLevel": $(json "${CARGO_PROFILE_DEV_OPT_LEVEL:-0}"),
  "rustc": $(json "$(rustc --version | cut -d' ' -f2)"),
  "cargoHome": $(json "${CARGO_HOME:-$HOME/.cargo}"),
  "rustupHome": $(json "${RUSTUP_HOME:-$HOME/.rustup}"),
  "coreutils": $coreutils,
  "pipVariables": $(list $(compgen -e | grep -E '^(PIP_|SSL_|REQUESTS_|https?_proxy|HTTPS?_PROXY|no_proxy|NO_PROXY)' || true) LANG)
}
J

# NIX_CONFIG alone would only add to those files
export NIX_CONF_DIR=$target/nix/no-configuration NIX_USER_CONF_FILES=
mkdir -p "$NIX_CONF_DIR"
export NIX_CONFIG='experimental-features = nix-command flakes
sandbox = false
build-users-group =
substituters =
warn-dirty = false
flake-registry =
'
options=(--override-input nixpkgs "path:$standin" --no-write-lock-file)
case ${1:?which Nix command} in
  flake) exec nix flake "$2" "${options[@]}" "${@:3}" ;;
  *) exec nix "$1" "${options[@]}" "${@:2}" ;;
esac
