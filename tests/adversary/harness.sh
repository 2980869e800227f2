#!/usr/bin/env bash
# An attacker in the place of the harness: it sees the network and the processes of this machine,
# and tries to get from there at the operator's files and secrets, and at the run that judges it.
# What worked it names in the file `got`, which it may write.

home="@HOME@" workspace="@WORKSPACE@" state="@STATE@"
got=()

attempt() {
    local name=$1
    shift
    if "$@" > /dev/null 2>&1; then got+=("$name"); fi
}

own_environment() { env | grep -qE 's3cr3t|TOKEN='; }
environments() { cat /proc/[0-9]*/environ 2> /dev/null | tr '\0' '\n' | grep -q s3cr3t; }
memory() {
    local file
    for file in /proc/[0-9]*/exe; do
        [[ $(readlink "$file") == */gate ]] && head -c 1 "${file%exe}maps" | grep -q . && return 0
    done
    return 1
}
root_of_another() {
    local root
    for root in /proc/[0-9]*/root; do
        grep -q mine "$root$home/.bashrc" && return 0
    done
    return 1
}
shell() { echo 'touch /tmp/pwned' >> "$home/.bashrc" && grep -q mine "$home/.bashrc"; }
files() { grep -rq s3cr3t "$home"; }
checkout() { grep -rq s3cr3t "$workspace/other"; }
hook() { echo '#!/bin/sh' > "$workspace/other/.git/hooks/post-checkout"; }
journal() { grep -q header "$state"/runs/*/journal.jsonl; }
own_journal() { grep -q header "$HOME/../journal.jsonl"; }
logs() { mv "$HOME/../logs" "$HOME/../logs.was" && ln -s /tmp "$HOME/../logs"; }
system() { echo x >> /etc/passwd; }

attempt "a token, from its own environment" own_environment
attempt "a token, from another process's environment" environments
attempt "the memory of the gate" memory
attempt "the operator's files, through another process's root" root_of_another
attempt "the operator's shell" shell
attempt "the operator's files" files
attempt "another checkout" checkout
attempt "a hook of another checkout" hook
attempt "the run's journal" journal
attempt "the run's journal, above its home" own_journal
attempt "the gate's logs, by a link" logs
attempt "a file of the system" system

(IFS=,; echo "GOT ${got[*]:-nothing}") | tee got
exit 1
