"""The preparation tools, through their command lines."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

from tests.datasets.media_files import write_clip

TOOLS = Path(__file__).parents[2] / 'tools' / 'data'


def tool(name: str):
    spec = importlib.util.spec_from_file_location(name, TOOLS / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def test_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = write_clip(tmp_path / 'one.mp4', seconds=1)
    for label in 'ab':
        (tmp_path / 'in' / label).mkdir(parents=True)
        for i in range(4):
            shutil.copy(clip, tmp_path / 'in' / label / f'{i}.mp4')
    root = str(tmp_path / 'in')
    arguments = ['--root', root, '--split', '0.5', '0.5', '--workers', '1']
    assert tool('prepare_folder')([*arguments, '--dry-run']) == 0
    assert not (tmp_path / 'in' / 'train.csv').exists()
    assert tool('prepare_folder')(arguments) == 0
    text = (tmp_path / 'in' / 'report.txt').read_text()
    assert 'train: 4 clips' in text and '  a: 2 2' in text
    assert (tmp_path / 'in' / 'report.png').read_bytes()[1:4] == b'PNG'
    assert '64 x 48: 8' in capsys.readouterr().out


def test_cremad_wants_both_lists(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        tool('prepare_cremad')(['--root', 'x', '--train-list', 'y'])
    assert 'give both' in capsys.readouterr().err
