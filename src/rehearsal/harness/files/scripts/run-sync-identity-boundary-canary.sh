#!/usr/bin/env bash
# The sync identity-boundary canary: four scenarios against the deployed-dev SaaS.
#
#   --single   one run; without it the four-run protocol, in sequence
#   --yes      do not ask; needed without a terminal
#
# Exit 0: every run passed. Exit 2: the preflight refused, no run was made. Else: a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

single=no
yes=no
for argument in "$@"; do
    case "$argument" in
        --single) single=yes ;;
        --yes) yes=yes ;;
        *)
            printf 'preflight: unknown argument %s\n' "$argument" >&2
            exit 2
            ;;
    esac
done

refuse() {
    printf 'preflight: %s\n' "$1" >&2
    exit 2
}

python=.venv/bin/python
[[ -x $python ]] || refuse "no $python: run \`uv sync\` first"
"$python" -S -m identity_boundary.preflight || exit 2
if [[ $yes == no ]]; then
    [[ -t 0 ]] || refuse 'no terminal to ask on: pass --yes'
    read -r -p 'Spend a canary run on deployed-dev? [y/N] ' answer
    [[ $answer == [yY] ]] || refuse 'not confirmed'
fi

artifacts=artifacts/sync_identity_boundary
mkdir -p "$artifacts/runs" "$artifacts/logs"

# Runs the four scenarios once; $1 is the run's name in artifacts, $2 its title.
run_once() {
    printf '== identity-boundary canary: %s\n' "$2"
    IDENTITY_BOUNDARY_RUN=$1 "$python" -m pytest -p identity_boundary.recorder \
        -m identity_boundary_canary --tb=long -q tests/sync_identity_boundary_canary_test.py \
        2>&1 | tee "$artifacts/logs/$1.log"
}

if [[ $single == yes ]]; then
    code=0
    run_once single 'single run' || code=$?
    HOME=$PWD/$artifacts/home "$SK_E2E_SPEC_KITTY_BIN" sync daemon stop >>"$artifacts/logs/single.log" 2>&1 || true
    exit "$code"
fi

for number in 1 2 3 4; do
    run_once "run-$number" "run $number of 4" || {
        code=$?
        printf '== run %s did not pass: stopping here, nothing is cleaned up\n' "$number" >&2
        exit "$code"
    }
done
printf '== four runs passed\n'
