"""Where the canary keeps things."""

import os

from identity_boundary import saas
from identity_boundary.cli import Cli

ARTIFACTS = os.path.join(saas.HERE, "artifacts", "sync_identity_boundary")


def daemon_cli(saas_url):
    """The CLI in the sync daemon's HOME."""
    return Cli(os.path.join(ARTIFACTS, "home"), saas_url)
