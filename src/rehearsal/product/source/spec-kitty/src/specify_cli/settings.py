"""What the environment and the user's settings file say about the service."""

import json
import os

from specify_cli import paths


class SettingsError(Exception):
    """A setting that is needed and missing."""


def server_url(required=True):
    """The service's address without a trailing slash."""
    url = os.environ.get("SPEC_KITTY_SAAS_URL") or _stored("server_url")
    if not url and required:
        raise SettingsError("no server: set SPEC_KITTY_SAAS_URL or `server_url` in " + paths.settings_file())
    return url.rstrip("/") if url else None


def token():
    """The bearer token, or None when nobody is logged in."""
    return os.environ.get("SPEC_KITTY_CANARY_TOKEN") or None


def sync_enabled():
    """Whether sync with the service is switched on."""
    return os.environ.get("SPEC_KITTY_ENABLE_SAAS_SYNC") == "1"


def _stored(key):
    try:
        with open(paths.settings_file(), encoding="utf-8") as handle:
            return json.load(handle).get(key)
    except FileNotFoundError:
        return None
