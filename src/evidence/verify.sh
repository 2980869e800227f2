#!/bin/sh
# Checks this bundle with a POSIX shell and sha256sum alone: every file, the chain, the seal.
set -eu
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")"
fail() {
    echo "NOT INTACT: $1"
    exit 1
}
command -v sha256sum >/dev/null || sha256sum() { shasum -a 256 "$@"; }
sum() { sha256sum | cut -c 1-64; }

sha256sum -c manifest-sha256.txt >/dev/null 2>&1 || fail "a file is missing or was changed"
[ "$(find data -type f | sort)" = "$(cut -c 67- manifest-sha256.txt | sort)" ] || fail "a file was added"
[ -z "$(find . ! -type f ! -type d)" ] || fail "something here is no plain file"
grep -q "\"sums\": \"$(sum <manifest-sha256.txt)\"" manifest.json || fail "the manifest lists other files"

n=0
said=0000000000000000000000000000000000000000000000000000000000000000
while IFS= read -r line; do
    prev=$said
    body=${line%,\"sum\":*}
    said=${line##*,\"sum\":\"}
    said=${said%\"\}}
    [ "$(printf %s "$body" | sum)" = "$said" ] || fail "record $n was changed"
    case $body in
    "{\"seq\":$n,\"prev\":\"$prev\","*) n=$((n + 1)) ;;
    *) fail "record $n does not follow the one before" ;;
    esac
done <data/journal.jsonl

case $body in
*"\"record\":{\"sealed\":{\"verdict\":\""*"\",\"digest\":\"$prev\"}}") ;;
*) fail "the journal is not sealed" ;;
esac
grep -q "\"head\": \"$said\"" manifest.json || fail "the manifest names another journal"
echo "intact: $n records, $(sed -n 's/^  "verdict": "\(.*\)",$/verdict \1/p' manifest.json)"
with=$(sed -n "1s/.*\"flake\":\"\([0-9a-f]\{40\}\)\".*/nix run '<flake>?rev=\1#gate' --/p" data/journal.jsonl)
echo "reproduce it with: ${with:-gate} reproduce BUNDLE"
