"""Reads what the CLI prints."""

import json
import re

COUNTER = re.compile(r"^\s*(synced|pending|rejected|errors|unknown):\s*(\d+)\s*$", re.MULTILINE)
VERSION = re.compile(r"^spec-kitty-cli version \S+$", re.MULTILINE)
REQUIRED = (
    "ok",
    "exit_code",
    "auth_required",
    "auth_present",
    "live_orphan_daemon_count",
    "foreground",
    "daemon_owner_record",
    "active_queue",
    "legacy_queue",
    "mismatches",
    "orphan_records",
)


def sync_counters(text):
    """The counters of `sync now`; the last one counts where one is printed twice."""
    return {name: int(value) for name, value in COUNTER.findall(text)}


def version_line(text):
    """The version line behind the banner, or None."""
    lines = VERSION.findall(text)
    return lines[-1] if lines else None


def boundary_status(text):
    """The document of `sync status --check --json`; ValueError when it is none."""
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("not an object")
    missing = [key for key in REQUIRED if key not in document]
    if missing:
        raise ValueError("missing keys: " + ", ".join(missing))
    return document
