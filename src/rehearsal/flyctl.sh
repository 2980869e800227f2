#!/bin/sh
# A STAND-IN for flyctl, made by `gate rehearse`. It is not Fly's program: it answers a few
# read-only commands in the real output shapes, and reaches nothing outside this machine.
set -u

log=@LOG@
app=@APP@
login=@LOGIN@

printf '%s\n' "$*" >>"$log"

fail() {
    printf 'Error: %s\n' "$1" >&2
    exit 1
}

need_login() {
    [ "$login" != none ] ||
        fail "no access token available. Please login with 'flyctl auth login'"
}

# Sets `asked_app`, `remote` and `json` from the arguments.
read_flags() {
    asked_app= remote= json=no
    while [ $# -gt 0 ]; do
        case "$1" in
            -a | --app) asked_app=${2-} && shift ;;
            --app=*) asked_app=${1#--app=} ;;
            -C | --command) remote=${2-} && shift ;;
            --command=*) remote=${1#--command=} ;;
            -j | --json) json=yes ;;
            *) fail "unknown argument: $1" ;;
        esac
        shift
    done
    [ -n "$asked_app" ] || fail "the config for your app is missing an app name, add an app field to the fly.toml file or specify with the -a flag"
    [ "$asked_app" = "$app" ] || fail "Could not find App \"$asked_app\""
}

need_json() {
    [ "$json" = yes ] || fail "this stand-in answers with --json only"
}

# What is deployed: `same` all through; `two`, one machine still on the image before; `moved`,
# another image from the second look on.
deployed=@DEPLOYED@
digest=sha256:7d0c3f9b51e2a846f3b8c1d95e60a7428b9f0e1d2c3b4a5968778695a4b3c2d1
tag=deployment-01KS1S7Q2V6M3N8P4R5T9W0XYZ
old_digest=sha256:1f2e3d4c5b6a79880918273645546372819ab0c1d2e3f405162738495a6b7c8d
old_tag=deployment-01KRZ0B4H8J2C6D9F3G7K1M5QR
release=212

look_again() {
    [ "$deployed" = moved ] && [ "$(grep -c '^status ' "$log")" -gt 1 ] || return 0
    digest=$old_digest tag=deployment-01KS2A9C3E5G7J1M4P6R8T0VWX release=213
}

status() {
    cat <<JSON
{
    "ID": "$app",
    "Name": "$app",
    "Deployed": true,
    "Status": "deployed",
    "Hostname": "$app.fly.dev",
    "Version": $release,
    "Organization": {
        "ID": "stand-in",
        "Slug": "priivacy-ai",
        "Name": "Priivacy AI"
    },
    "PlatformVersion": "machines",
    "Machines": [
$(machine 3287e1f0b92d85 app),
$(second_machine)
    ]
}
JSON
}

second_machine() {
    if [ "$deployed" = two ]; then
        digest=$old_digest tag=$old_tag
    fi
    machine 918545b6f03e83 worker
}

machine() {
    cat <<JSON
        {
            "id": "$1",
            "name": "$2-$1",
            "state": "started",
            "region": "iad",
            "image_ref": {
                "registry": "registry.fly.io",
                "repository": "$app",
                "tag": "$tag",
                "digest": "$digest",
                "labels": {
                    "fly.app_id": "40417261",
                    "fly.version": "v212"
                }
            },
            "config": {
                "metadata": {
                    "fly_platform_version": "v2",
                    "fly_process_group": "$2"
                }
            }
        }
JSON
}

image() {
    cat <<JSON
[
$(image_of 3287e1f0b92d85),
$(image_of 918545b6f03e83)
]
JSON
}

image_of() {
    cat <<JSON
    {
        "MachineID": "$1",
        "Registry": "registry.fly.io",
        "Repository": "$app",
        "Tag": "$tag",
        "Version": "v212",
        "Digest": "$digest",
        "Labels": "{\"fly.app_id\":\"40417261\",\"fly.version\":\"v212\"}"
    }
JSON
}

console() {
    case "$remote" in
        *.delete\(* | *.update\(* | *.save\(* | *create\(* | *DELETE\ * | *UPDATE\ * | *INSERT\ * | *TRUNCATE\ *)
            fail "the stand-in only counts rows: $remote" ;;
    esac
    printf 'Connecting to fdaa:2:45b:a7b:1f0:b92d:85e:2... complete\n' >&2
    known=no
    case "$remote" in
        *terminal_failed* | *drain*) known=yes && printf 'terminal_failed=%s\n' @TERMINAL_FAILED@ ;;
    esac
    case "$remote" in
        *business_rule_rejected* | *drain*) known=yes && printf 'business_rule_rejected=%s\n' @BUSINESS_RULE_REJECTED@ ;;
    esac
    [ "$known" = yes ] || {
        printf 'sh: 1: the stand-in has no such command: %s\n' "$remote" >&2
        fail "ssh shell: Process exited with status 127"
    }
}

case "${1-} ${2-}" in
    "version "*)
        printf 'flyctl v0.3.128 stand-in/rehearsal Commit: 0000000000000000000000000000000000000000 BuildDate: 2026-05-14T15:00:00Z\n'
        ;;
    "auth whoami")
        need_login
        printf '%s\n' "$login"
        ;;
    "image show")
        need_login
        shift 2
        read_flags "$@"
        need_json
        image
        ;;
    "ssh console")
        need_login
        shift 2
        read_flags "$@"
        console
        ;;
    "status "*)
        need_login
        shift
        read_flags "$@"
        need_json
        [ @NOTICE@ = no ] || printf 'Update available 0.3.128 -> 0.3.129.\n'
        look_again
        status
        ;;
    *)
        fail "unknown command \"${1-}\" for \"flyctl\" (this is a stand-in)"
        ;;
esac
