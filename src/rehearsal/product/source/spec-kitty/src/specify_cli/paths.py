"""Where local state lives. Only names paths; never creates or reads them."""

import os


def home():
    """The user's home directory."""
    return os.environ.get("HOME") or os.path.expanduser("~")


def state_root():
    """The directory of everything the command line keeps."""
    return os.path.join(home(), ".kittify")


def queue_db():
    """The queue of events that still have to reach the service."""
    return os.path.join(state_root(), "queue.db")


def legacy_queue_db():
    """The queue of versions before 3.2, which nothing writes any more."""
    return os.path.join(home(), ".spec-kitty", "queue.db")


def status_file(mission):
    """The lanes of a mission's work packages."""
    return os.path.join(state_root(), "status", mission + ".json")


def review_file(mission):
    """The work packages of a mission that a reviewer has claimed."""
    return os.path.join(state_root(), "reviews", mission + ".json")


def daemon_dir():
    """The directory of the sync daemon's records."""
    return os.path.join(state_root(), "sync", "daemon")


def settings_file():
    """The user's settings."""
    return os.path.join(home(), ".spec-kitty", "config.json")
