"""The notebook runs from its first cell to the last, with few clips."""

from __future__ import annotations

import json
import sys

import pytest

from tests.demo_run import ROOT
from tests.tool_run import forget_runs

NOTEBOOK = json.loads((ROOT / 'docs/tutorial.ipynb').read_text())
SETTINGS = 'TRAIN, TEST, EPOCHS = 180, 60, 10'


@pytest.fixture
def _as_it_was(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'argv', list(sys.argv))
    monkeypatch.setattr(sys, 'path', list(sys.path))
    monkeypatch.setitem(sys.modules, '__main__', sys.modules['__main__'])


@pytest.mark.usefixtures('_as_it_was')
def test_every_cell(tmp_path, capsys):
    cells = [
        ''.join(cell['source'])
        for cell in NOTEBOOK['cells']
        if cell['cell_type'] == 'code'
    ]
    assert SETTINGS in cells[0]
    cells[0] = cells[0].replace(SETTINGS, 'TRAIN, TEST, EPOCHS = 36, 6, 2')
    names = {}
    for cell in cells:
        exec(compile(cell, 'tutorial.ipynb', 'exec'), names)
        forget_runs()
    page = (tmp_path / 'report.html').read_text(encoding='utf-8')
    assert page.count('work/') >= 2
    told = capsys.readouterr().out
    assert 'Remix epoch 2:' in told and 'mmremix train mine.py' in told
    assert names['entry']['error'] is None
    assert names['entry']['answer']['from']


def test_no_outputs_are_kept():
    for cell in NOTEBOOK['cells']:
        assert not cell.get('outputs') and not cell.get('execution_count')
