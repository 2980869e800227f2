"""Runs the command line: `python -m specify_cli`."""

import sys

from specify_cli.cli.app import main

sys.exit(main())
