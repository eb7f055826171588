"""The argument parser of a command, without running it."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class _Found(Exception):
    """Carries a parser out of the command that was about to use it."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__()
        self.parser = parser


class ParserError(ValueError):
    """A tool reads no arguments."""


def tool_parser(path: Path) -> argparse.ArgumentParser:
    """Start a tool and stop it where it would read its arguments.

    Args:
        path: Of the tool.

    Raises:
        ParserError: If it reads none.
    """
    name = f'_tool_{path.stem}'
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ParserError(f'{path} is no Python')
    module = importlib.util.module_from_spec(spec)
    with _stopped(path):
        # Data classes look themselves up there.
        sys.modules[name] = module
        spec.loader.exec_module(module)
        try:
            module.main()
        except _Found as found:
            return found.parser
    raise ParserError(f'{path} reads no arguments')


@contextmanager
def _stopped(path: Path) -> Iterator[None]:
    """Have parsers give themselves up instead of parsing."""

    def stop(
        parser: argparse.ArgumentParser, *_: object, **__: object
    ) -> argparse.Namespace:
        raise _Found(parser)

    kind = argparse.ArgumentParser
    kept = {n: getattr(kind, n) for n in ('parse_args', 'parse_known_args')}
    argv, search = sys.argv, sys.path
    # Tools import modules that lie beside them.
    sys.argv, sys.path = [str(path)], [str(path.parent), *search]
    try:
        for name in kept:
            setattr(kind, name, stop)
        yield
    finally:
        for name, method in kept.items():
            setattr(kind, name, method)
        sys.argv, sys.path = argv, search
