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
manifest() { sed -n "s/^  \"$1\": \"\(.*\)\",\$/\1/p" manifest.json; }

[ -z "$(find . ! -type f ! -type d)" ] || fail "something here is no plain file"
[ "$(ls -A | sort | tr '\n' ' ')" = "data manifest-sha256.txt manifest.json verify.sh " ] || fail "a file was added or is missing beside data"
sha256sum -c manifest-sha256.txt >/dev/null 2>&1 || fail "a file is missing or was changed"
[ "$(find data -type f | sort)" = "$(cut -c 67- manifest-sha256.txt | sort)" ] || fail "a file was added"
[ "$(manifest sums)" = "$(sum <manifest-sha256.txt)" ] || fail "the manifest lists other files"

n=0 body='' said=0000000000000000000000000000000000000000000000000000000000000000
while IFS= read -r line; do
    prev=$said
    body=${line%,\"sum\":*} said=${line##*,\"sum\":\"}
    said=${said%\"\}}
    [ "$(printf %s "$body" | sum)" = "$said" ] || fail "record $n was changed"
    begin="{\"seq\":$n,\"prev\":\"$prev\",\"record\":"
    [ "${body#"$begin"}" != "$body" ] || fail "record $n does not follow the one before"
    n=$((n + 1))
done <data/journal.jsonl
[ -z "$line" ] || fail "the journal's last record is torn"

verdict=${body##*\"sealed\":\{\"verdict\":\"}
verdict=${verdict%%[!a-z-]*}
[ "$body" = "${begin-}{\"sealed\":{\"verdict\":\"$verdict\",\"digest\":\"${prev-}\"}}" ] || fail "the journal is not sealed"
[ "$(manifest head)" = "$said" ] || fail "the manifest names another journal"
[ "$(manifest verdict)" = "$verdict" ] || fail "the manifest says another verdict than the seal"
echo "intact: $n records, verdict $verdict"
with=$(sed -n "1s/.*\"flake\":\"\([0-9a-f]\{40\}\)\".*/nix run '<flake>?rev=\1#gate' --/p" data/journal.jsonl)
echo "reproduce it with: ${with:-gate} reproduce BUNDLE"
