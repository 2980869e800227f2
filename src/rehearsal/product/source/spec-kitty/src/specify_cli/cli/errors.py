"""The errors a user can act on: their text is enough, no traceback."""


def expected():
    """The classes of such errors."""
    from specify_cli.missions import BadMissionName
    from specify_cli.settings import SettingsError
    from specify_cli.status.adapters import UnknownMission
    from specify_cli.status.transitions import IllegalTransition
    from specify_cli.sync.daemon import DaemonError

    return BadMissionName, SettingsError, UnknownMission, IllegalTransition, DaemonError


def needs_prefix(error):
    """Whether the text alone does not say that something is wrong."""
    from specify_cli.status.transitions import IllegalTransition

    return not isinstance(error, IllegalTransition)
