"""``.. command:: tools/train.py``: usage and options of a tool."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from options_table import list_table, nested

from mmremix.cli.tool_parsers import tool_parser

ROOT = Path(__file__).resolve().parents[2]


class CommandTable(Directive):
    """A table of a tool's arguments, read from its parser."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        rows = [('argument', 'default', '')]
        for action in tool_parser(ROOT / self.arguments[0])._actions:
            if action.help == argparse.SUPPRESS or action.dest == 'help':
                continue
            rows.append((_names(action), _default(action), _text(action)))
        return nested(self, list_table(rows, '30 14 56'))


def _names(action: argparse.Action) -> str:
    names = ', '.join(f'``{name}``' for name in action.option_strings)
    if action.choices:
        value = '{' + ','.join(map(str, action.choices)) + '}'
    else:
        metavar = action.metavar or action.dest.upper()
        value = metavar if isinstance(metavar, str) else ' '.join(metavar)
    if not names:
        return f'``{value.lower()}``'
    return names if action.nargs == 0 else f'{names} ``{value}``'


def _default(action: argparse.Action) -> str:
    if action.required:
        return 'needed'
    empty = action.default in (None, False, [], '', argparse.SUPPRESS)
    return '' if empty else f'``{action.default}``'


def _text(action: argparse.Action) -> str:
    # Help strings are plain text; `%(default)s` is in the next column.
    text = (action.help or '').replace('(default: %(default)s)', '')
    for mark in ('\\', '*', '`', '|', '_'):
        text = text.replace(mark, f'\\{mark}')
    return ' '.join(text.replace('%%', '%').split())


def setup(app: Any) -> dict[str, bool]:
    app.add_directive('command', CommandTable)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
