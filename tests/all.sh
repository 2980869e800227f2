#!/usr/bin/env bash
# Every check of this project in one command; README's second. Goes on after a failure, and says
# at the end what failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash .ci/setup || exit 1

passed=0
failed=()
step() { # NAME COMMAND…
  echo
  echo "── $1"
  if "${@:2}" < /dev/null; then
    passed=$((passed + 1))
  else
    failed+=("$1")
  fi
}

tests=(cargo test --no-fail-fast)
if cargo nextest --version > /dev/null 2>&1; then
  tests=(cargo nextest run --no-fail-fast)
fi

step format cargo fmt --check
step lints cargo clippy --locked --all-targets -- -D warnings
step documentation env RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps
# The real candidate from the default package index belongs to it; see tests/candidate/network.rs.
step tests env GATE_TEST_NETWORK=1 "${tests[@]}" --locked
step flake bash tests/nix/flake.sh
step programs bash tests/nix/programs.sh
step "checks turn red" bash tests/nix/negative.sh

echo
printf 'failed: %s\n' "${failed[@]}" | sed '/^failed: $/d'
echo "$passed passed, ${#failed[@]} failed"
[ ${#failed[@]} = 0 ]
