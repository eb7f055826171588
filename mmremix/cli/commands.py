"""``mmremix train ...`` is ``python tools/train.py ...``, anywhere."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

from mmremix.utils.config_paths import shipped, shipped_configs
from mmremix.version import __version__

# Folders of tools, nearest first. What measures or draws for the project
# itself is no command.
_FOLDERS = ('.', 'analysis', 'data', 'visualizations')
_SHORT = {'prepare-folder': 'prepare', 'browse-dataset': 'browse'}
_FIRST = ('new', 'prepare', 'browse', 'train', 'test', 'report', 'infer')
_OWN = {
    'configs': 'Print the names of the configs of the package.',
    'completion': 'Print a script for a shell: completion bash|zsh.',
}


def find_commands() -> dict[str, Path]:
    """The tools that are commands, by name: every file that has a ``main``.

    The name is that of the file, with ``-`` for ``_``.
    """
    root = shipped('tools')
    found: dict[str, Path] = {}
    for folder in _FOLDERS:
        for path in sorted(Path(root, folder).glob('*.py')):
            if 'def main(' not in path.read_text(encoding='utf-8'):
                continue
            name = path.stem.replace('_', '-')
            found.setdefault(_SHORT.get(name, name), path)
    first = {name: found[name] for name in _FIRST if name in found}
    return {**first, **found}


def main(argv: Sequence[str] | None = None) -> None:
    """Run a command.

    Args:
        argv: Words after ``mmremix``. Defaults to those of the process.

    Raises:
        SystemExit: With the status of the tool; with 2 if there is no such
            command.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ('-h', '--help', 'help'):
        _say(_usage())
        raise SystemExit(0 if words else 2)
    name, *rest = words
    if name in ('-V', '--version'):
        _say(f'mmremix {__version__}')
    elif name == 'configs':
        _say('\n'.join(shipped_configs()))
    elif name == 'completion':
        _say(_completion(rest))
    else:
        _run(name, rest)


def _say(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # As of `| head`. What is left would be written once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(name: str, words: list[str]) -> None:
    commands = find_commands()
    path = commands.get(name.replace('_', '-'))
    if path is None:
        near = get_close_matches(name, [*commands, *_OWN], 3, 0.5)
        hint = f' Did you mean {", ".join(near)}?' if near else ''
        raise SystemExit(
            f'mmremix: error: there is no command {name!r}.{hint} '
            'All of them: mmremix --help'
        )
    sys.argv = [f'mmremix {name}', *words]
    # As `python tools/train.py` has it, for modules beside the tool.
    sys.path.insert(0, str(path.parent))
    # runpy would call the program by the file, in what it says to people.
    tool = ModuleType('__main__')
    tool.__file__ = str(path)
    sys.modules['__main__'] = tool  # for processes that are spawned
    code = compile(path.read_text(encoding='utf-8'), str(path), 'exec')
    exec(code, vars(tool))  # noqa: S102  (a tool of this package)


def _completion(words: list[str]) -> str:
    # Reads the parsers of all tools.
    from mmremix.cli.completion import SHELLS, completion_script

    if len(words) != 1 or words[0] not in SHELLS:
        raise SystemExit(f'usage: mmremix completion {"|".join(SHELLS)}')
    return completion_script(words[0], find_commands(), list(_OWN))


def _usage() -> str:
    commands = find_commands()
    about = {name: _summary(path) for name, path in commands.items()} | _OWN
    width = max(map(len, about))
    lines = [f'  {name:<{width}}  {text}' for name, text in about.items()]
    return '\n'.join(
        [
            'usage: mmremix COMMAND ... (mmremix COMMAND --help says more)',
            '',
            *lines,
            '',
            'CONFIG is a file, or the name of one of the package: '
            'remix_demo_concat',
        ]
    )


def _summary(path: Path) -> str:
    """First sentence of a tool's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding='utf-8'))) or ''
    first = ' '.join(text.split('\n\n')[0].split()).split(': ``')[0]
    return f'{first.split(". ")[0].rstrip(".")}.' if first else ''
