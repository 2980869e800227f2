"""The queue of events that still have to reach the service (SQLite)."""

import json
import logging
import os
import sqlite3

from specify_cli import paths
from specify_cli.status.adapters import StatusAdapter

logger = logging.getLogger(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS queue (
  id INTEGER PRIMARY KEY, event_id TEXT, mission TEXT, wp TEXT, kind TEXT, payload TEXT
);
CREATE TABLE IF NOT EXISTS bodies (
  id INTEGER PRIMARY KEY, body_id TEXT, mission TEXT, name TEXT, content BLOB
);
"""


class Queue:
    """The queue; use it as a context manager, so that the database is closed."""

    def __init__(self, path=None):
        self.path = path or paths.queue_db()
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        self._db = sqlite3.connect(self.path, timeout=10)
        # Local status is what counts after a power cut; waiting for the disk buys nothing here.
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.executescript(SCHEMA)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._db.close()

    def add(self, mission, work_package, kind, payload):
        """Queues an event and returns its id."""
        from spec_kitty_events import new_event_id

        event_id = new_event_id()
        row = (event_id, mission, work_package, kind, json.dumps(payload))
        self._write("INSERT INTO queue (event_id, mission, wp, kind, payload) VALUES (?,?,?,?,?)", row)
        return event_id

    def add_body(self, mission, name, content):
        """Queues a body and returns its id."""
        from spec_kitty_events import new_event_id

        body_id = new_event_id()
        row = (body_id, mission, name, content)
        self._write("INSERT INTO bodies (body_id, mission, name, content) VALUES (?,?,?,?)", row)
        return body_id

    def pending(self):
        """The queued events, oldest first."""
        rows = self._db.execute("SELECT event_id, mission, wp, kind, payload FROM queue ORDER BY id")
        return [_event(row) for row in rows]

    def pending_bodies(self):
        """The queued bodies, oldest first."""
        rows = self._db.execute("SELECT body_id, mission, name, content FROM bodies ORDER BY id")
        return [dict(zip(("body_id", "mission", "name", "content"), row)) for row in rows]

    def drain(self):
        """Settles the local status and returns the events to post, oldest first.

        Only the newest event of each work package is settled: the older ones are history, and
        must not take `in_review` back to `planned` or to any other lane on the way there.
        """
        events = self.pending()
        for event in newest_moves(events):
            settle(event)
        return events

    def done(self, event_id):
        """Removes an event that the service has."""
        self._write("DELETE FROM queue WHERE event_id = ?", (event_id,))

    def done_body(self, body_id):
        """Removes a body that the service has."""
        self._write("DELETE FROM bodies WHERE body_id = ?", (body_id,))

    def _write(self, statement, row):
        with self._db:
            self._db.execute(statement, row)


def newest_moves(events):
    """The newest status change of each work package, oldest first."""
    newest = {}
    for event in events:
        if event["kind"] == "WPStatusChanged":
            newest[(event["mission"], event["wp"])] = event
    kept = {event["event_id"] for event in newest.values()}
    return [event for event in events if event["event_id"] in kept]


def settle(event):
    """Brings the local status of an event's work package in line with it.

    Tells what it does, so that a lane that moves on its own (`in_review` back to `planned`)
    can be followed in the log.
    """
    move = event["payload"]
    logger.info(
        "settling %s of %s: from=%s to=%s",
        event["wp"],
        event["mission"],
        move["from"],
        move["to"],
    )
    adapter = StatusAdapter(event["mission"])
    settled = adapter.settle(event["wp"], move["from"], move["to"])
    if settled != move["to"]:
        logger.warning("%s is locally in %s, its event says %s", event["wp"], settled, move["to"])


def count(path, table):
    """How many rows a queue holds; 0 when there is no such database."""
    if table not in ("queue", "bodies") or not os.path.exists(path):
        return 0
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
    except sqlite3.OperationalError:
        return 0
    finally:
        database.close()


def _event(row):
    event = dict(zip(("event_id", "mission", "wp", "kind", "payload"), row))
    event["payload"] = json.loads(event["payload"])
    return event
