"""Ends the sync daemon that a single run started, through the CLI itself."""

import sys

from identity_boundary import saas
from identity_boundary.places import daemon_cli


def main():
    return daemon_cli(saas.settings()["saas_url"])("sync", "daemon", "stop").code


if __name__ == "__main__":
    sys.exit(main())
