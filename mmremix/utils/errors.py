"""Errors whose message says all that their reader needs."""

from __future__ import annotations


class MmremixError(Exception):
    """One that the tools show without a traceback, with exit status 2.

    Its message names what is wrong, the value seen, and what to change.
    """


class MissingFileError(MmremixError, FileNotFoundError):
    """A file that a config or an annotation names is not there."""


class ConfigError(MmremixError, ValueError):
    """A mistake in a config, on the command line, or in what they name."""
