"""Arguments of a class: name, default, description."""

from __future__ import annotations

import importlib
import inspect
import re
import textwrap
from dataclasses import dataclass, is_dataclass
from typing import Any

_REFERENCE = re.compile(r'See :class:`~?[\w.]+`\.')


@dataclass(frozen=True)
class Argument:
    """One row of a table of options; the description is reStructuredText."""

    name: str
    default: str
    text: str


def load(path: str) -> Any:
    """Import what a dotted path names."""
    module, _, name = path.rpartition('.')
    return getattr(importlib.import_module(module), name)


def arguments(path: str) -> list[Argument]:
    """The arguments of a class's constructor, in its order.

    What is not described by the class is looked up in its base classes; of
    an argument of another package, only that package is named.
    """
    cls = load(path)
    texts: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.startswith('mmremix.'):
            section = 'Attributes' if is_dataclass(base) else 'Args'
            own = describe(inspect.getdoc(base) or '', section)
            # "See :class:`Base`.": what the base class says is in the table.
            texts |= {
                name: text
                for name, text in own.items()
                if name not in texts or not _REFERENCE.fullmatch(text)
            }
    rows = []
    for name, parameter in inspect.signature(cls).parameters.items():
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            continue
        text = texts.get(name) or f'See {_foreign_base(cls)}.'
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            rows.append(Argument('…', '', text))
        else:
            rows.append(Argument(name, _default(parameter), text))
    return rows


def describe(docstring: str, section: str) -> dict[str, str]:
    """Split a section of a Google-style docstring by argument."""
    found = re.search(
        rf'^{section}:\n((?: .*\n?|\n)*)', docstring, re.MULTILINE
    )
    if found is None:
        return {}
    body = textwrap.dedent(found[1])
    parts = re.split(r'^(\w[\w, ]*):\s', body, flags=re.MULTILINE)
    texts = {}
    for names, text in zip(parts[1::2], parts[2::2], strict=True):
        for name in names.split(','):
            first, _, rest = text.strip('\n').partition('\n')
            texts[name.strip()] = f'{first}\n{textwrap.dedent(rest)}'.strip()
    return texts


def _foreign_base(cls: type) -> str:
    base = next(
        b for b in cls.__mro__ if not b.__module__.startswith('mmremix.')
    )
    return f"{base.__module__.partition('.')[0]}'s ``{base.__name__}``"


def _default(parameter: inspect.Parameter) -> str:
    if parameter.default is inspect.Parameter.empty:
        return 'needed'
    return repr(parameter.default)
