"""Whether this process may sync: who is in front, who owns the daemon, which queue is active."""

import os
import sys

from specify_cli import __version__, paths, settings
from specify_cli.sync import owner, queue

EXIT_OK = 0
EXIT_MISMATCH = 1
EXIT_NO_LOGIN = 2


def report():
    """The whole identity boundary as one document."""
    daemon = owner.describe()
    orphans = owner.orphans()
    mismatches = find_mismatches(daemon)
    auth_present = settings.token() is not None
    exit_code = EXIT_NO_LOGIN if not auth_present else EXIT_MISMATCH if mismatches else EXIT_OK
    return {
        "ok": exit_code == EXIT_OK,
        "exit_code": exit_code,
        "auth_required": True,
        "auth_present": auth_present,
        "live_orphan_daemon_count": len(orphans),
        "foreground": foreground(),
        "daemon_owner_record": daemon,
        "active_queue": active_queue(),
        "legacy_queue": legacy_queue(),
        "mismatches": mismatches,
        "orphan_records": orphans,
    }


def find_mismatches(daemon):
    """What separates the process in front from the daemon that owns the sync."""
    if daemon["status"] == "stale":
        return [{"field": "pid", "foreground": os.getpid(), "daemon": daemon["pid"], "why": "daemon is gone"}]
    if daemon["status"] == "running" and daemon["package_version"] != __version__:
        return [{"field": "package_version", "foreground": __version__, "daemon": daemon["package_version"]}]
    return []


def foreground():
    """The process in front."""
    import specify_cli

    return {
        "package_version": __version__,
        "executable_path": sys.executable,
        "source_path": os.path.dirname(os.path.abspath(specify_cli.__file__)),
        "server_url": settings.server_url(required=False),
        "team_or_user": os.environ.get("SPEC_KITTY_TEAM"),
        "queue_db_path": paths.queue_db(),
        "pid": os.getpid(),
    }


def active_queue():
    """The queue that this version writes."""
    path = paths.queue_db()
    return {
        "path": path,
        "event_count": queue.count(path, "queue"),
        "body_upload_count": queue.count(path, "bodies"),
    }


def legacy_queue():
    """The queue of older versions; its rows are never touched."""
    path = paths.legacy_queue_db()
    return {"path": path, "exists": os.path.exists(path), "rows_in_scope": queue.count(path, "queue")}
