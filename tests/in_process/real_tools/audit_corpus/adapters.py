import logging
import os
from datetime import timedelta

from app.sync.base import Base

logger = logging.getLogger(__name__)

PATIENCE = timedelta(seconds=30)
WAIT = float(os.environ.get("WAIT", "5"))


def lane_of(name):
    if name == "a":
        return 1
    elif name == "b":
        return 2
    return 3


def twice():
    return "old"


def twice():
    return "new"


class Adapter(Base):
    def lane(self, event):
        return lane_of(event)
