"""The argument parser of a command, without running it."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]


class _Found(Exception):
    """Carries a parser out of the command that was about to use it."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self.parser = parser


def tool_parser(path: str) -> argparse.ArgumentParser:
    """Start a tool and stop it where it would read its arguments.

    Args:
        path: Of the tool, relative to the repository.

    Raises:
        ValueError: If it reads none.
    """

    def stop(
        parser: argparse.ArgumentParser, *_: object, **__: object
    ) -> None:
        raise _Found(parser)

    name = path.replace('/', '_').removesuffix('.py')
    spec = importlib.util.spec_from_file_location(name, ROOT / path)
    module = importlib.util.module_from_spec(spec)
    # Tools import modules that lie beside them.
    with (
        mock.patch.object(sys, 'path', [str((ROOT / path).parent), *sys.path]),
        mock.patch.object(sys, 'argv', [path]),
        mock.patch.object(argparse.ArgumentParser, 'parse_args', stop),
        mock.patch.object(argparse.ArgumentParser, 'parse_known_args', stop),
    ):
        # Data classes look themselves up there.
        sys.modules[name] = module
        spec.loader.exec_module(module)
        try:
            module.main()
        except _Found as found:
            return found.parser
    raise ValueError(f'{path} reads no arguments')
