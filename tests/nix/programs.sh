#!/usr/bin/env bash
# Shows that the wrapper's list of tools is enough: runs the rehearsal with the wrapper's
# environment, and behind its PATH a directory in which every other program of this machine is a
# tripwire that writes its name down and fails.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$root"
bash tests/nix/nix.sh build --out-link "$work/gate" .#gate

# the wrapper's variables, its PATH among them
sed -n '/^\(export\|unset\) /p' "$work/gate/bin/gate" > "$work/environment"
program=$(sed -n 's/^exec .* \([^ ]*bin\/gate\) .*/\1/p' "$work/gate/bin/gate" | tr -d '"'\')

# what the gate makes for itself on a machine without uv or pipx is there already: see flake.sh
export XDG_CACHE_HOME=${XDG_CACHE_HOME:-$HOME/.cache}
mkdir "$work/tripwires" "$work/home"
IFS=: read -ra directories <<< "$PATH"
for directory in "${directories[@]}"; do
  for found in "$directory"/*; do
    name=${found##*/}
    [ -x "$found" ] && [ ! -e "$work/tripwires/$name" ] || continue
    printf '#!/bin/sh\necho "%s $*" >> "%s/tripped"\nexit 127\n' "$name" "$work" \
      > "$work/tripwires/$name"
    chmod +x "$work/tripwires/$name"
  done
done

set -a
# shellcheck source=/dev/null
(
  . "$work/environment"
  export PATH="$PATH:$work/tripwires" HOME="$work/home"
  exec "$program" rehearse --yes
)
# uv asks each Python on PATH what it is; one that does not answer is passed over, not wanted.
touch "$work/tripped"
sed -i '/^python[0-9.]* .*get_interpreter_info/d' "$work/tripped"
if [ -s "$work/tripped" ]; then
  echo "the rehearsal wants programs that nix/tools.nix does not list:" >&2
  sort "$work/tripped" | uniq -c >&2
  exit 1
fi
echo "every program the rehearsal started is in nix/tools.nix"
