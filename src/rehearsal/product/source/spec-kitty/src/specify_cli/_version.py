"""The version of this distribution, in one place."""

__version__ = "3.2.0rc16"
