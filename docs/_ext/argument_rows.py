"""Arguments of a parser as rows of a table."""

from __future__ import annotations

import argparse
from collections.abc import Iterator


def argument_rows(
    parser: argparse.ArgumentParser, mark: str, root: str = ''
) -> Iterator[tuple[str, str, str]]:
    """Names with values, default and help, as plain text, of each argument.

    Args:
        parser: Of a tool.
        mark: What stands around code: one backtick, or two.
        root: Folder that is left out of defaults.
    """
    for action in parser._actions:
        if action.help == argparse.SUPPRESS or action.dest == 'help':
            continue
        text = (action.help or '').replace('(default: %(default)s)', '')
        text = ' '.join(text.replace('%%', '%').split())
        yield _names(action, mark), _default(action, mark, root), text


def _names(action: argparse.Action, mark: str) -> str:
    names = ', '.join(f'{mark}{name}{mark}' for name in action.option_strings)
    if action.choices:
        value = '{' + ','.join(map(str, action.choices)) + '}'
    else:
        metavar = action.metavar or action.dest.upper()
        value = metavar if isinstance(metavar, str) else ' '.join(metavar)
    if not names:
        return f'{mark}{value.lower()}{mark}'
    return names if action.nargs == 0 else f'{names} {mark}{value}{mark}'


def _default(action: argparse.Action, mark: str, root: str) -> str:
    if action.required:
        return 'needed'
    empty = action.default in (None, False, [], '', argparse.SUPPRESS)
    text = str(action.default)
    text = text.replace(f'{root}/', '') if root else text
    return '' if empty else f'{mark}{text}{mark}'
