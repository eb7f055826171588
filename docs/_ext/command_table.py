"""``.. command:: tools/train.py``: usage and options of a tool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from argument_rows import argument_rows
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
        parser = tool_parser(ROOT / self.arguments[0])
        for names, default, text in argument_rows(parser, '``'):
            rows.append((names, default, _text(text)))
        return nested(self, list_table(rows, '30 14 56'))


def _text(text: str) -> str:
    """Help is plain text."""
    for mark in ('\\', '*', '`', '|', '_'):
        text = text.replace(mark, f'\\{mark}')
    return text


def setup(app: Any) -> dict[str, bool]:
    app.add_directive('command', CommandTable)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
