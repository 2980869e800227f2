"""Missions as the user makes them: local status first, then an event for the service."""

import re

from specify_cli.status.adapters import StatusAdapter
from specify_cli.sync.queue import Queue

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")


class BadMissionName(Exception):
    """A name that cannot be part of a path or of an address."""


def create(name):
    """Starts a mission."""
    if not NAME.fullmatch(name):
        raise BadMissionName(f"bad mission name `{name}`: lower-case letters, digits and dashes")
    StatusAdapter(name).create()
    with Queue() as queue:
        queue.add(name, None, "MissionCreated", {"name": name})


def move_task(name, work_package, to_lane):
    """Moves a work package to another lane."""
    from_lane = StatusAdapter(name).move(work_package, to_lane)
    with Queue() as queue:
        queue.add(name, work_package, "WPStatusChanged", {"from": from_lane, "to": to_lane})
    return from_lane
