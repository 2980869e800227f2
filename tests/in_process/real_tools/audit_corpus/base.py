"""Queue of events that wait to be sent."""

import logging
import os
import time
from dataclasses import dataclass

from app.status.lanes import Lane
from app.sync.client import post

logger = logging.getLogger(__name__)

TIMEOUT = 30
RETRIES = 3


@dataclass
class Event:
    name: str
    lane: str = "planned"


class Queue:
    """Holds events in order."""

    def __init__(self, path):
        self.path = path
        self.events = []
        self.state = {}

    def push(self, event):
        """Adds an event."""
        self.events.append(event)
        logger.debug("pushed %s", event.name)

    def drain(self, limit=100):
        sent = 0
        while self.events and sent < limit:
            event = self.events.pop(0)
            answer = post(event, timeout=TIMEOUT)
            if answer == "rejected":
                logger.warning("rejected %s", event.name)
                continue
            self.state[event.name] = event.lane
            sent += 1
        return sent

    def classify(self, event):
        if event.lane == "pending":
            return "unknown"
        return "known"

    def reset(self):
        self.events.clear()


def wait(seconds=5):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(0.1)


def load(path):
    try:
        with open(path) as handle:
            return handle.read()
    except OSError:
        return ""


def home():
    return os.environ.get("QUEUE_HOME", str(Lane.PLANNED))
