"""The sync daemon: owns the sync of one home and answers for its health on loopback."""

import hashlib
import json
import os
import signal
import socket
import sys

from specify_cli import __version__
from specify_cli.sync import owner

PORTS = range(9400, 9450)
START_SECONDS = 10.0
STOP_SECONDS = 5.0
LAUNCH = "\nfrom specify_cli.sync.daemon import run_sync_daemon\nrun_sync_daemon({port}, {token!r})\n"


class DaemonError(Exception):
    """The daemon could not be started or ended."""


class PortTaken(DaemonError):
    """Another daemon was faster."""


def run_sync_daemon(port, token):
    """Serves until SIGTERM. Runs in a process of its own; see `start`."""
    if os.environ.get("SPEC_KITTY_DAEMON_IGNORE_TERM") == "1":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, _end)
    try:
        listener = socket.create_server(("127.0.0.1", port), backlog=16)
    except OSError:
        _tell("taken")
        sys.exit(98)
    owner.write(os.getpid(), port, __version__, hashlib.sha256(token.encode()).hexdigest())
    _tell("ready")
    try:
        while True:
            connection, _ = listener.accept()
            _answer(connection)
    finally:
        owner.release(os.getpid())


def start():
    """Starts the daemon unless one is running, and returns the owner record."""
    record = owner.describe()
    if record["status"] == "running":
        return record
    for port in PORTS:
        if not _free(port):
            continue
        try:
            _launch(port, os.urandom(16).hex())
        except PortTaken:
            continue
        return owner.describe()
    raise DaemonError(f"no free port from {PORTS[0]} to {PORTS[-1]}")


def stop():
    """Ends the daemon with SIGTERM; returns its record, or None when there was none."""
    import time

    record = owner.describe()
    if record["status"] != "running":
        return None
    os.kill(record["pid"], signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while owner.alive(record["pid"]):
        if time.monotonic() > deadline:
            raise DaemonError(f"daemon {record['pid']} ignores SIGTERM")
        time.sleep(0.01)
    return record


def _launch(port, token):
    import select
    import subprocess

    code = LAUNCH.format(port=port, token=token)
    with open(os.devnull, "r+b") as null:
        child = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=null, stdout=subprocess.PIPE, stderr=null, start_new_session=True, cwd="/",
        )  # fmt: skip
    # The daemon closes this pipe after its one line: nobody waits for a daemon that has died.
    readable, _, _ = select.select([child.stdout], [], [], START_SECONDS)
    line = child.stdout.readline() if readable else b""
    child.stdout.close()
    child.returncode = 0  # it stays behind: not ours to wait for
    if line == b"taken\n":
        raise PortTaken(str(port))
    if line != b"ready\n":
        raise DaemonError(f"daemon on port {port} did not start")


def _tell(word):
    # Only the process that launched us reads this; without one, the line goes nowhere.
    try:
        os.write(1, (word + "\n").encode())
    except OSError:
        pass
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    os.close(null)


def _free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _end(_signal, _frame):
    sys.exit(0)


def _answer(connection):
    with connection:
        connection.settimeout(1.0)
        try:
            head = _head(connection)
            connection.sendall(_response(head.split(b"\r\n", 1)[0]))
        except OSError:
            pass


def _head(connection):
    head = b""
    while b"\r\n\r\n" not in head and len(head) < 16384:
        chunk = connection.recv(4096)
        if not chunk:
            break
        head += chunk
    return head


def _response(request_line):
    if request_line.startswith(b"GET /api/health "):
        code, document = "200 OK", {"status": "ok", "version": __version__, "pid": os.getpid()}
    else:
        code, document = "404 Not Found", {"status": "not found"}
    body = json.dumps(document).encode()
    head = f"HTTP/1.1 {code}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body
