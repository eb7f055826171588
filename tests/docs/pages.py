"""The pages of the documentation, their code blocks and commands."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from tests.demo_run import ROOT

PAGES = sorted(
    page
    for page in [*ROOT.glob('*.md'), *(ROOT / 'docs').rglob('*.md')]
    if '_build' not in page.parts and page.name != 'CHANGELOG.md'
)
SHELL = ('bash', 'sh', 'shell', 'console')
_FENCE = re.compile(
    r'(?P<before>[^\n]*\n\n?)?'
    r'^(?P<indent> *)```(?P<language>[^\n]*)\n(?P<code>.*?)^(?P=indent)```$',
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """A fenced block; ``not_run`` is the reason given above it, if any.

    A block that cannot run alone says so, with ``<!-- not run: why -->`` in
    the line above it.
    """

    page: Path
    language: str
    code: str
    not_run: str

    @property
    def file_name(self) -> str:
        """Of a block that starts with ``# some/file.py``."""
        found = re.match(r'# ([\w/]+\.py)\b', self.code)
        return found[1] if found else ''


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    found = []
    for match in _FENCE.finditer(page.read_text(encoding='utf-8')):
        indent = len(match['indent'])
        code = re.sub(rf'^ {{{indent}}}', '', match['code'], flags=re.M)
        why = re.search(r'<!-- not run: (.+?) -->', match['before'] or '')
        language = match['language'].strip()
        found.append(Block(page, language, code, why[1] if why else ''))
    return found


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub(r'\g<before>', page.read_text(encoding='utf-8'))


def commands(code: str) -> list[list[str]]:
    """The commands of a shell block that start something of this project.

    Each from ``tools/...`` on, without redirections and what follows a pipe.
    """
    code = re.sub(r"<<'?(\w+)'?.*?^\1$", '', code, flags=re.DOTALL | re.M)
    code = code.replace('\\\n', ' ')
    for name, value in re.findall(r'for (\w+) in (\w+)', code):
        code = re.sub(rf'\$({name}\b|{{{name}}})', value, code)
    found = []
    for line in code.splitlines():
        words = shlex.split(line.removeprefix('$ '), comments=True)
        for part in _split(words):
            for i, word in enumerate(part):
                if re.fullmatch(r'(\S*/)?tools/[\w/]+\.(py|sh)', word):
                    start = word.index('tools/')
                    found.append([word[start:], *part[i + 1 :]])
                    break
    return found


def _split(words: list[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in words:
        if word in ('&&', '||', '|', ';', '>', '2>', '>>', '&'):
            parts.append([])
        elif word.endswith(';'):
            parts[-1].append(word[:-1])
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def identify(page: Path) -> str:
    """Name of a page in the output of pytest."""
    return str(page.relative_to(ROOT))
