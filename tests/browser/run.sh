#!/usr/bin/env bash
# The pages of real rehearsals in a real browser; see pages.test.mjs. `run.sh screenshots` makes
# README's pictures instead.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
cargo build --quiet --locked --bin gate
[ -d node_modules/axe-core ] || npm ci --ignore-scripts --no-audit --no-fund
export GATE_CHROMIUM=${GATE_CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
exec npm run --silent "${1:-test}"
