#!/usr/bin/env bash
# Every check of this project in one command; README's second. Goes on after a failure, and says
# at the end what failed. `tests/all.sh format lints` takes these steps alone.
# `lints` and `units` run only when they are named: the flake's checks are the same.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Unoptimised, this program's own work is a third of a rehearsal, and there are a hundred of them.
export CARGO_PROFILE_DEV_OPT_LEVEL=1
# Nothing is built a second time here.
[ -z "${CI:-}" ] || export CARGO_INCREMENTAL=0
# A version manager's shim starts a dozen shells for each call: half of a rehearsal. The flake's
# stand-in passes such shims over by itself.
past_shims=$PATH
case $(command -v python3) in
  */shims/*) past_shims=$(dirname "$(python3 -c 'import sys; print(sys.executable)')"):$PATH ;;
esac

wanted=("$@")
passed=0
failed=()
is_wanted() { # NAME
  [ ${#wanted[@]} = 0 ] && return
  for each in "${wanted[@]}"; do
    [ "$each" = "$1" ] && return
  done
  return 1
}
step() { # NAME COMMAND…
  is_wanted "$1" || return 0
  echo
  echo "── $1"
  local began=$SECONDS
  if "${@:2}" < /dev/null; then
    passed=$((passed + 1))
  else
    failed+=("$1")
  fi
  echo "── $1: $((SECONDS - began)) s"
}
named() { # NAME COMMAND…
  [ ${#wanted[@]} = 0 ] || step "$@"
}

for each in tests browser flake programs workflow "checks turn red"; do
  if is_wanted "$each"; then
    bash .ci/setup || exit 1
    break
  fi
done

tests=(cargo test --locked --no-fail-fast)
if cargo nextest --version > /dev/null 2>&1; then
  tests=(cargo nextest run --locked --no-fail-fast)
fi

step format cargo fmt --check
named lints cargo lint
step documentation env RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps
named units "${tests[@]}" --lib --bins
# The real candidate from the default package index belongs to it; see tests/network/.
step tests env PATH="$past_shims" GATE_TEST_NETWORK=1 "${tests[@]}" --test '*'
step browser env PATH="$past_shims" bash tests/browser/run.sh
step flake bash tests/nix/flake.sh
step programs bash tests/nix/programs.sh
step workflow bash tests/workflow/lint.sh
step "checks turn red" bash tests/nix/negative.sh

echo
printf 'failed: %s\n' "${failed[@]}" | sed '/^failed: $/d'
echo "$passed passed, ${#failed[@]} failed"
# a step that does not exist has not passed
[ ${#failed[@]} = 0 ] && { [ ${#wanted[@]} = 0 ] || [ "$passed" = ${#wanted[@]} ]; }
