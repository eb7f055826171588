"""Write docs/options: the arguments of everything that a config names.

.. code-block:: shell

    python tools/docs/write_options.py

Plain tables, made of docstrings and parsers, that GitHub shows as they are.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / 'docs' / 'options'
# The first that a module's name begins with.
TOPICS = {
    'mmremix.datasets.transforms': 'transforms',
    'mmremix.datasets': 'data',
    'mmremix.models.fusion_heads': 'fusion_heads',
    'mmremix.models': 'models',
    'mmremix.methods': 'methods',
    'mmremix.engine.plan': 'methods',
    'mmremix.engine.scoring': 'methods',
    'mmremix.engine.step': 'methods',
    'mmremix.engine.readouts': 'methods',
    'mmremix.engine': 'hooks',
    'mmremix.evaluation': 'metrics',
}
TITLES = {
    'methods': 'Methods and plans',
    'data': 'Data sets, readers and samplers',
    'transforms': 'Transforms',
    'models': 'Model, encoders and losses',
    'fusion_heads': 'Fusion heads',
    'hooks': 'Hooks, loop and checkpoints',
    'metrics': 'Metrics',
    'commands': 'Commands',
    'benchmarks': 'Benchmarks',
}
ABOUT = {
    'fusion_heads': '`in_channels`, `num_classes`, `stage_channels` and '
    '`stages` are filled in by the model.',
    'hooks': '`configs/_base_/default_runtime.py` sets most of them; '
    '`default_hooks=dict(signal=None)` takes one out.',
    'commands': '`mmremix train ...` is `python tools/train.py ...` from any '
    'folder. Flags win over `--cfg-options`, and these over the config.',
}
# Beside what is registered: values of options that are data classes.
MORE = ('mmremix.engine.ScoringOptions', 'mmremix.datasets.Part')
PACKAGES = ('datasets', 'engine', 'evaluation', 'methods', 'models')


def components() -> dict[str, list[str]]:
    """Paths of all public classes that a config names, by topic."""
    from mmengine.registry import Registry

    from mmremix import registry

    packages = {
        name: importlib.import_module(f'mmremix.{name}') for name in PACKAGES
    }
    registered = {
        cls
        for value in vars(registry).values()
        if isinstance(value, Registry)
        for cls in value.module_dict.values()
    }
    found: dict[str, list[str]] = defaultdict(list)
    for name, package in packages.items():
        for public in sorted(package.__all__):
            cls, path = getattr(package, public), f'mmremix.{name}.{public}'
            wanted = path in MORE or (
                inspect.isclass(cls) and cls in registered
            )
            if wanted:
                topic = next(
                    topic
                    for prefix, topic in TOPICS.items()
                    if cls.__module__.startswith(prefix)
                )
                found[topic].append(path)
    return found


def tools(folder: str) -> list[Path]:
    """Commands below a folder of ``tools``."""
    below = (ROOT / 'tools').rglob('*.py')
    return sorted(
        path
        for path in below
        if ('benchmarks' in path.parts) == (folder == 'benchmarks')
        and 'docs' not in path.parts
        and 'def main(' in path.read_text(encoding='utf-8')
    )


def component_text(path: str) -> str:
    """A section of a page: what a class is, and its arguments."""
    # Of docs/_ext, whose modules Sphinx imports by themselves.
    docstrings = importlib.import_module('docstring_args')
    cls = docstrings.load(path)
    summary = (cls.__doc__ or '').strip().split('\n\n')[0]
    rows = [
        (f'`{a.name}`', _code(a.default), markdown(a.text))
        for a in docstrings.arguments(path)
    ]
    table = _table(('option', 'default', 'meaning'), rows) if rows else ''
    return f'## {cls.__name__}\n\n{markdown(summary)}\n{table}'


def command_text(path: Path) -> str:
    """A section of a page: what a command does, and its arguments."""
    from mmremix.cli.tool_parsers import tool_parser

    about = ast.get_docstring(ast.parse(path.read_text(encoding='utf-8')))
    first = re.split(r': ``|\n\n', about or '')[0]
    # Of docs/_ext, whose modules Sphinx imports by themselves.
    reading = importlib.import_module('argument_rows')
    rows = [
        # Help is plain text.
        (names, default, re.sub(r'([*_<|])', r'\\\1', text))
        for names, default, text in reading.argument_rows(
            # Paths as from a checkout anywhere.
            tool_parser(path),
            '`',
            str(ROOT),
        )
    ]
    name = path.relative_to(ROOT).as_posix()
    table = _table(('argument', 'default', 'meaning'), rows)
    return f'## {name}\n\n{markdown(first)}\n{table}'


def _code(default: str) -> str:
    return f'`{default}`' if default not in ('', 'needed') else default


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines: list[tuple[str, ...]] = [head, tuple('---' for _ in head), *rows]
    text = '\n'.join(f'| {" | ".join(_cells(line))} |' for line in lines)
    return f'\n{text}\n'


def _cells(line: tuple[str, ...]) -> list[str]:
    return [re.sub(r'(?<!\\)\|', r'\\|', cell) for cell in line]


def markdown(text: str) -> str:
    """A description of a docstring, on one line."""
    text = re.sub(r':\w+:`~?(?:[\w.]+\.)?(\w+)`', r'`\1`', text)
    text = re.sub(r':math:`([^`]+)`', r'`\1`', text)
    text = re.sub(r'``([^`]+)``', r'`\1`', text)
    text = re.sub(r'\n\s*- ', '<br>- ', text)
    text = text.replace('::\n', ':\n')
    return ' '.join(text.split())


def pages() -> dict[str, str]:
    """Text of each page, by name."""
    sections: dict[str, list[Any]] = {
        topic: [component_text(path) for path in paths]
        for topic, paths in components().items()
    }
    for folder in ('commands', 'benchmarks'):
        sections[folder] = [command_text(path) for path in tools(folder)]
    made = {}
    for topic, title in TITLES.items():
        about = f'{ABOUT[topic]}\n\n' if topic in ABOUT else ''
        body = '\n'.join(sections[topic])
        made[topic] = (
            '<!-- Made by tools/docs/write_options.py. -->\n'
            f'# {title}\n\n{about}{body}'
        )
    return made


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / 'docs' / '_ext')]
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / f'{name}.md').write_text(text, encoding='utf-8')


if __name__ == '__main__':
    main()
