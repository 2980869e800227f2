"""The daemon's owner record: who runs the sync of this home, and on which port."""

import os

from specify_cli import files, paths

RECORD = "owner.json"


def record_path():
    """The file of the owner record."""
    return os.path.join(paths.daemon_dir(), RECORD)


def read():
    """The owner record, or None when nobody owns the sync."""
    return files.read_json(record_path(), None)


def write(pid, port, package_version, token_sha256):
    """Claims the sync for a daemon. The token itself is never written."""
    record = {"pid": pid, "port": port, "package_version": package_version, "token_sha256": token_sha256}
    files.write_json(record_path(), record)


def release(pid):
    """Removes the record if it is still this daemon's."""
    record = read()
    if record and record.get("pid") == pid:
        os.unlink(record_path())


def alive(pid):
    """Whether a process runs; one that has ended and only waits to be reaped does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as handle:
            return handle.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True  # no such file system here: the signal has to do


def describe():
    """The owner record with its status: absent, running or stale."""
    record = read()
    if record is None:
        return {"status": "absent", "pid": None, "port": None, "package_version": None}
    return {"status": "running" if alive(record["pid"]) else "stale", **record}


def orphans():
    """Records of daemons that live although they no longer own the sync."""
    found = []
    if not os.path.isdir(paths.daemon_dir()):
        return found
    for name in sorted(os.listdir(paths.daemon_dir())):
        if name.endswith(".json") and name != RECORD:
            record = files.read_json(os.path.join(paths.daemon_dir(), name), {})
            if isinstance(record.get("pid"), int) and alive(record["pid"]):
                found.append(record)
    return found
