"""A sync daemon's process without its work: stands where `specify_cli.sync.daemon` would.

Forks the herd that HERD asks for ("shape=count …"). A fork keeps its parent's command line, so
each is a real Python in the real daemon's shape. Whoever is ready to be ended says so on standard
output, one line each, and closes it; at the end of the file, all are.
"""

import os
import signal


def run_sync_daemon(port, token):
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for word in os.environ.get("HERD", "").split():
        shape, count = word.split("=")
        for _ in range(int(count)):
            if not os.fork():
                return live(shape)
    live("plain")


def live(shape):
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if shape in ("setsid", "double"):
        os.setsid()
    if shape == "double" and os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, {"deaf": signal.SIG_IGN, "hydra": fork_again}.get(shape, end))
    os.write(1, b"%d %s\n" % (os.getpid(), shape.encode()))
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.close(stream) if shape == "closed" else os.dup2(null, stream)
    while True:
        signal.pause()


def end(*_):
    # At once: a thousand interpreters that tidy up would measure Python.
    os._exit(0)


def fork_again(*_):
    if os.fork():
        os._exit(0)
