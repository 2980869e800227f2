"""`spec-kitty sync`: posts what is queued, tells how the sync stands, and runs its daemon."""

import sys


def add(groups):
    """Adds the commands to the parser."""
    commands = groups.add_parser("sync", help="sync with the service").add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("now", help="post what is queued").set_defaults(run=run_now)
    status = commands.add_parser("status", help="how the sync stands")
    status.add_argument("--check", action="store_true", help="exit non-zero unless this process may sync")
    status.add_argument("--json", action="store_true", help="print JSON")
    status.set_defaults(run=run_status)
    upload = commands.add_parser("upload-body", help="upload a file of a mission")
    upload.add_argument("--mission", required=True, metavar="NAME")
    upload.add_argument("file")
    upload.set_defaults(run=run_upload)
    daemon = commands.add_parser("daemon", help="the sync daemon").add_subparsers(required=True, metavar="COMMAND")
    for name, run in (("start", run_daemon_start), ("stop", run_daemon_stop), ("status", run_daemon_status)):
        daemon.add_parser(name).set_defaults(run=run)


class Summary:
    """What became of the queue."""

    def __init__(self):
        self.counts = {"synced": 0, "pending": 0, "rejected": 0, "unknown": 0}
        self.errors = []

    def count(self, category, error=None):
        """Counts one event, with the error that kept it back if any."""
        self.counts[category] += 1
        if error:
            self.errors.append(error)

    def lines(self):
        """The summary as it is printed."""
        counts = {name: n for name, n in self.counts.items() if n or name != "unknown"}
        yield from (f"{name}: {n}" for name, n in counts.items())
        yield f"errors: {len(self.errors)}"


def event_loop():
    """The daemon's event loop, when this process is the daemon."""
    return getattr(sys.modules.get("specify_cli.sync.daemon"), "EVENT_LOOP", None)


def classify(event, loop):
    """Names what has to be done with a queued event, and the error when nothing can be."""
    if loop is not None and loop.is_closed():
        return "unknown", "sync.event_loop_unavailable"
    if not event.get("event_id") or not event.get("kind"):
        return "rejected", "sync.malformed_event"
    # A pending event needs no event loop: the command in front posts it itself.
    return "pending", None


def run_now(_arguments):
    """Posts what is queued."""
    if not _enabled():
        return 1
    from specify_cli.sync.queue import Queue

    summary = Summary()
    with Queue() as queue:
        for event in queue.drain():
            category, error = classify(event, event_loop())
            if category == "pending":
                category, error = _post_event(queue, event)
            summary.count(category, error)
        for body in queue.pending_bodies():
            summary.count(*_post_body(queue, body))
    return _print(summary)


def _enabled():
    from specify_cli import settings

    if settings.sync_enabled():
        return True
    print("error: sync is off: set SPEC_KITTY_ENABLE_SAAS_SYNC=1", file=sys.stderr)
    return False


def _post_event(queue, event):
    from specify_cli.sync import client

    try:
        reply = client.post_event(event)
    except client.ServiceError as failure:
        return "pending", f"sync.service_unavailable: {failure}"
    if reply.taken:
        queue.done(event["event_id"])
        return "synced", None
    return "rejected", f"{reply.failure_class}: {reply.detail}"


def _post_body(queue, body):
    from specify_cli.sync import client

    try:
        reply = client.post_body(body)
    except client.ServiceError as failure:
        return "pending", f"sync.service_unavailable: {failure}"
    if reply.taken:
        queue.done_body(body["body_id"])
        return "synced", None
    return "rejected", f"{reply.failure_class}: {reply.detail}"


def _print(summary):
    for line in summary.lines():
        print(line)
    for error in summary.errors:
        print(f"error: {error}")
    return 1 if summary.errors else 0


def run_upload(arguments):
    """Queues a body and posts it at once."""
    if not _enabled():
        return 1
    import os

    from specify_cli.sync.queue import Queue

    try:
        with open(arguments.file, "rb") as handle:
            content = handle.read()
    except OSError as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    summary = Summary()
    with Queue() as queue:
        queue.add_body(arguments.mission, os.path.basename(arguments.file), content)
        for body in queue.pending_bodies():
            summary.count(*_post_body(queue, body))
    return _print(summary)


def run_status(arguments):
    """Tells how the sync stands."""
    import json

    from specify_cli.sync import preflight

    report = preflight.report()
    if arguments.json:
        print(json.dumps(report, indent=2))
    else:
        print(f"ok: {report['ok']}")
        print(f"pending: {report['active_queue']['event_count']}")
        print(f"daemon: {report['daemon_owner_record']['status']}")
    return report["exit_code"] if arguments.check else 0


def run_daemon_start(_arguments):
    """Starts the daemon."""
    from specify_cli.sync import daemon

    record = daemon.start()
    print(f"daemon {record['pid']} on port {record['port']}")
    return 0


def run_daemon_stop(_arguments):
    """Ends the daemon."""
    from specify_cli.sync import daemon

    record = daemon.stop()
    print(f"daemon {record['pid']} ended" if record else "no daemon")
    return 0


def run_daemon_status(_arguments):
    """Tells who owns the sync."""
    from specify_cli.sync import owner

    record = owner.describe()
    print(f"daemon: {record['status']} (pid {record['pid']}, port {record['port']})")
    return 0 if record["status"] == "running" else 3
