"""The events that Spec Kitty and its service exchange."""

import os

__version__ = "5.1.0"

KINDS = ("MissionCreated", "WPStatusChanged")


def new_event_id():
    """An id that no other event has."""
    return os.urandom(16).hex()
