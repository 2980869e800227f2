"""Parses the command line and calls the command. Imports what a command needs only then."""

import sys

from specify_cli import __version__


def main(argv=None):
    """Runs one command and returns its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    if argv == ["--version"]:
        return version()
    from specify_cli.cli import errors

    arguments = parser().parse_args(argv)
    try:
        return arguments.run(arguments)
    except errors.expected() as error:
        print(f"error: {error}" if errors.needs_prefix(error) else error, file=sys.stderr)
        return 1


def version():
    """Prints the banner and the version."""
    from specify_cli.banner import BANNER

    print(BANNER)
    print(f"spec-kitty-cli version {__version__}")
    return 0


def parser():
    """The parser of all commands."""
    import argparse

    from specify_cli.cli.commands import agent, mission, sync

    top = argparse.ArgumentParser(prog="spec-kitty")
    top.add_argument("--version", action="store_true", help="print the version")
    top.set_defaults(run=lambda arguments: version() if arguments.version else usage(top))
    groups = top.add_subparsers(metavar="COMMAND")
    for group in (mission, agent, sync):
        group.add(groups)
    return top


def usage(of):
    """Prints the usage; a call without a command is a mistake."""
    of.print_help(sys.stderr)
    return 2
