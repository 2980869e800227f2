#!/usr/bin/env bash
# The README as a newcomer on a bare Debian meets it: a tree fresh from debootstrap with nothing in
# it but the README's "needs", and a clean clone of HEAD. Runs both of its commands, or the one given:
#     sudo bash tests/nix/bare.sh bookworm
#     sudo bash tests/nix/bare.sh trixie "bash .ci/setup && bash tests/nix/flake.sh"   # a later Nix
# Needs root and debootstrap; not part of tests/all.sh, because it builds everything once more.
set -euo pipefail
release=${1:?which Debian release}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/var/tmp}/gate-bare.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
tree=$work/tree

if [ $# -gt 1 ]; then
  commands=("${*:2}")
else
  mapfile -t commands < <(sed -n '/^## Two commands/,/^## /s/^    \([^#]*[^# ]\) *#.*/\1/p' "$root/README.md")
fi

# this machine's own mirror and settings of package clients: neither has a place in a script
mirror=$(apt-get indextargets --format '$(SITE)' | grep -v security | sort -u | head -n 1)
debootstrap --variant=minbase --include=ca-certificates,gcc,libc6-dev,gh,git,python3-venv \
  "$release" "$tree" "$mirror" > "$work/debootstrap.log" || { tail "$work/debootstrap.log" >&2; exit 1; }
for file in /etc/pip.conf /etc/resolv.conf /etc/ssl/certs/ca-certificates.crt; do
  if [ -e "$file" ]; then cp -L "$file" "$tree$file"; fi
done
git clone --quiet "$root" "$tree/gate"

toolchain=$(rustc --print sysroot)
mkdir -p "$tree$toolchain"
# a name space of its own: mounts and daemons end with it
unshare --mount --pid --fork --kill-child bash -s -- "$tree" "$toolchain" "${commands[@]}" <<'INNER'
set -euo pipefail
tree=$1 toolchain=$2
mount --bind "$tree" "$tree"
mount --bind -o ro "$toolchain" "$tree$toolchain"
mount -t proc proc "$tree/proc"
mount --rbind /dev "$tree/dev"
# not `chroot`, which Nix leaves when it goes back to the name space that it was started in
mkdir "$tree/.outside"
cd "$tree"
pivot_root . .outside
umount --lazy /.outside
rmdir /.outside
keep=(HOME=/root TERM=dumb "PATH=$toolchain/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
while IFS= read -r name; do keep+=("$name=${!name}"); done \
  < <(compgen -e | grep -E '^(PIP_(CERT|INDEX_URL|DEFAULT_TIMEOUT)|SSL_CERT_(FILE|DIR)|https?_proxy|HTTPS?_PROXY|no_proxy|NO_PROXY)$')
for command in "${@:3}"; do
  echo "── $command"
  begun=$SECONDS
  env -i "${keep[@]}" bash -c "cd /gate && $command"
  echo "── $((SECONDS - begun)) s: $command"
done
INNER
echo "${#commands[@]} passed, 0 failed, on a bare $release"
