"""The commands of the pages are ones that the tools accept."""

from __future__ import annotations

import re
import sys
from functools import cache

import pytest

from mmremix.cli.tool_parsers import tool_parser
from tests.demo_run import ROOT
from tests.docs.pages import PAGES, SHELL, blocks, commands, identify, prose

# How many words of a launcher's own come before those of its tool.
LAUNCHERS = {
    'tools/dist_train.sh': ('tools/train.py', slice(0, 1), 2),
    'tools/dist_test.sh': ('tools/test.py', slice(0, 2), 3),
    'tools/slurm_train.sh': ('tools/train.py', slice(2, 3), 3),
    'tools/slurm_test.sh': ('tools/test.py', slice(2, 4), 4),
    'tools/quickstart.sh': ('tools/train.py', slice(0, 0), 0),
}
OTHER_SCRIPTS = {'tools/run_tests.sh', 'tools/build_docs.sh'}
CASES = [
    (page, command)
    for page in PAGES
    for code in [
        *(b.code for b in blocks(page) if b.language in SHELL),
        # In a sentence: `python tools/...`.
        *re.findall(r'`((?:python|bash) [^`]+)`', prose(page)),
    ]
    for command in commands(code)
]


@cache
def parser_of(path):
    return tool_parser(ROOT / path)


def resolve(command):
    """The tool that gets the arguments in the end, and these."""
    path, *words = command
    if path in LAUNCHERS:
        path, own, count = LAUNCHERS[path]
        config = ['CONFIG'] if count == 0 else []
        words = [*config, *words[own], *words[count:]]
    return path, words


@pytest.mark.parametrize(
    ('page', 'command'),
    CASES,
    ids=[f'{identify(page)}: {" ".join(c)[:60]}' for page, c in CASES],
)
def test_command_is_accepted(page, command, capsys, monkeypatch):
    assert (ROOT / command[0]).is_file(), command
    if command[0] in OTHER_SCRIPTS:
        return
    path, words = resolve(command)
    monkeypatch.setattr(sys, 'argv', [path, *words])
    try:
        parser_of(path).parse_args(words)
    except SystemExit:
        pytest.fail(f'{" ".join(command)}\n{capsys.readouterr().err}')


def test_configs_in_commands_exist():
    missing = []
    for page, command in CASES:
        written = {b.file_name for p in PAGES for b in blocks(p)}
        for word in command[1:]:
            name = word.replace('DATA', 'cremad')
            if not re.fullmatch(r'configs/[\w/.-]+\.py', name):
                continue
            if not (ROOT / name).is_file() and name not in written:
                missing.append((identify(page), word))
    assert not missing


def test_a_wrong_flag_is_found(capsys):
    (command,) = commands(
        'X=1 python tools/train.py configs/a.py \\\n    --no-such 1 | tee log'
    )
    assert command == ['tools/train.py', 'configs/a.py', '--no-such', '1']
    with pytest.raises(SystemExit):
        parser_of('tools/train.py').parse_args(command[1:])
    assert '--no-such' in capsys.readouterr().err


def test_every_tool_is_documented():
    text = ''.join(page.read_text(encoding='utf-8') for page in PAGES)
    tools = [p for end in ('py', 'sh') for p in ROOT.glob(f'tools/**/*.{end}')]
    assert tools
    for tool in tools:
        path = tool.relative_to(ROOT)
        if tool.suffix == '.sh' or 'def main(' in tool.read_text():
            assert str(path) in text or tool.name.startswith('_'), path
