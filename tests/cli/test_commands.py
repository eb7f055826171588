"""The command ``mmremix``."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
import tomllib

from mmremix.cli import find_commands, main
from mmremix.version import __version__
from tests.demo_run import ROOT

WANTED = (
    *('train', 'test', 'report', 'infer', 'export', 'prepare', 'pack'),
    *('browse', 'unimodal', 'new', 'summarize', 'make-demo'),
)


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch):
    monkeypatch.setattr(sys, 'argv', list(sys.argv))
    monkeypatch.setattr(sys, 'path', list(sys.path))
    monkeypatch.setitem(sys.modules, '__main__', sys.modules['__main__'])


def test_every_tool_is_a_command():
    commands = find_commands()
    assert set(WANTED) <= set(commands)
    for path in (ROOT / 'tools').glob('*.py'):
        assert path.stem.replace('_', '-') in commands
    # What measures the project itself is none.
    assert not any('benchmarks' in path.parts for path in commands.values())


def test_it_is_installed():
    project = tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']
    assert project['scripts'] == {'mmremix': 'mmremix.cli:main'}


def test_help_names_all_of_them(capsys):
    with pytest.raises(SystemExit) as caught:
        main(['--help'])
    text = capsys.readouterr().out
    assert caught.value.code == 0
    for name in (*WANTED, 'configs', 'completion'):
        assert f'\n  {name} ' in text


def test_a_command_is_the_tool(capsys):
    with pytest.raises(SystemExit) as caught:
        main(['train', '--help'])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith('usage: mmremix train') and '--verbose' in text


def test_wrong_words(capsys):
    with pytest.raises(SystemExit, match=r"'trian'.* Did you mean train"):
        main(['trian'])
    with pytest.raises(SystemExit, match=r'bash\|zsh'):
        main(['completion', 'tcsh'])
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
    main(['--version'])
    assert __version__ in capsys.readouterr().out


@pytest.mark.skipif(shutil.which('bash') is None, reason='no bash here')
def test_completion(capsys, tmp_path):
    main(['completion', 'bash'])
    script = capsys.readouterr().out
    main(['completion', 'zsh'])
    assert 'bashcompinit' in capsys.readouterr().out
    cases = {
        'mmremix tr': ['train'],
        'mmremix train remix_demo_g': ['remix_demo_gated'],
        'mmremix train x --no': ['--no-validate'],
        'mmremix infer a --config joint_grid': ['joint_grid_concat'],
        'mmremix completion z': ['zsh'],
    }
    for words, found in cases.items():
        last = len(words.split()) - 1
        done = subprocess.run(
            [
                'bash',
                '-c',
                f'{script}\nCOMP_WORDS=({words}); '
                f'COMP_CWORD={last}; _mmremix; echo "${{COMPREPLY[@]}}"',
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split() == found, words


def test_a_reader_may_stop_early():
    code = "from mmremix.cli import main; main(['configs'])"
    done = subprocess.run(
        f'"{sys.executable}" -c "{code}" | true',
        shell=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not done.stderr
