"""Spec Kitty: tooling for spec-driven missions."""

from specify_cli._version import __version__

__all__ = ["__version__"]
