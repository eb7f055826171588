"""``.. options:: mmremix.engine.KLScoreHook``: its arguments as a table."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from docstring_args import arguments, load
from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList


class OptionsTable(Directive):
    """A table of a class's arguments, made when the page is built."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        path = self.arguments[0]
        summary = (load(path).__doc__ or '').strip().splitlines()[0]
        rows = [
            (f'``{a.name}``', _code(a.default), _no_list(a.text))
            for a in arguments(path)
        ]
        # So that names of neighbours become links.
        lines = [f'.. py:currentmodule:: {path.rpartition(".")[0]}', '']
        lines += [f':class:`~{path}`: {summary}', '']
        if rows:
            head = ('option', 'default', '')
            lines += list_table([head, *rows], '22 18 60')
        return nested(self, lines)


def _code(default: str) -> str:
    return f'``{default}``' if default not in ('', 'needed') else default


def _no_list(text: str) -> str:
    """Keep a description such as "M." from being an item of a list."""
    return f'\\{text}' if re.match(r'\w\.(\s|$)', text) else text


def list_table(rows: list[tuple[str, ...]], widths: str) -> list[str]:
    """Write a table as reStructuredText; cells may have several lines."""
    lines = [
        '.. list-table::',
        '   :header-rows: 1',
        f'   :widths: {widths}',
        '',
    ]
    for row in rows:
        for i, cell in enumerate(row):
            mark = '   * - ' if i == 0 else '     - '
            first, *rest = cell.splitlines() or ['']
            lines.append(f'{mark}{first}')
            lines += [f'       {line}'.rstrip() for line in rest]
    return [*lines, '']


def nested(directive: Directive, lines: list[str]) -> list[nodes.Node]:
    """Parse lines of reStructuredText in the place of a directive."""
    container = nodes.container()
    source = f'{directive.name} {directive.arguments[0]}'
    directive.state.nested_parse(StringList(lines, source), 0, container)
    return container.children


def setup(app: Any) -> dict[str, bool]:
    app.add_directive('options', OptionsTable)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
