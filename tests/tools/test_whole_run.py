"""The benchmark of whole epochs, on the demo clips."""

from __future__ import annotations

import importlib
import json
import sys

import pytest

from tests.demo_run import ROOT
from tests.tool_run import run_tool

TINY = (
    'train_dataloader.batch_size=8',
    'train_dataloader.num_workers=1',
    'val_dataloader.num_workers=1',
    'model.encoders.video.base_channels=4',
    'model.encoders.audio.base_channels=4',
)


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / 'tools' / 'benchmarks')
    return importlib.import_module('whole_run')


def test_a_config_takes_turns_with_plain_pytorch(demo_root, tmp_path):
    out = tmp_path / 'whole.json'
    done = run_tool(
        'tools/benchmarks/whole_run.py',
        *(ROOT / 'configs/remix_demo_concat.py', 'plain'),
        *('--rounds', '2', '--skip', '1', '--samples', '8'),
        *('--data-root', demo_root, '--out', out),
        *('--cfg-options', *TINY),
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    report = json.loads(out.read_text())
    for name in ('a', 'b'):
        assert len(report['epochs'][name]) == 2
    for unit in ('cpu_s', 'wall_s'):
        ratio = report[unit]['a_by_b']
        low, high = ratio['interval']
        assert 0 < low <= ratio['median'] <= high
        first = report['epochs']['a'][0][unit] / report['epochs']['b'][0][unit]
        assert ratio['rounds'][0] == pytest.approx(first)
    assert 'A / B, cpu: ' in done.stdout


def test_the_spread_is_that_of_the_rounds(benchmark):
    found = benchmark.spread([1.0, 2.0, 3.0, 4.0, 5.0])
    assert found['median'] == 3.0
    assert found['interval'][0] in (1.0, 2.0)
    assert found['interval'][1] in (4.0, 5.0)
    assert benchmark.spread([2.0])['interval'] == [2.0, 2.0]


def test_one_of_both_must_be_a_config(benchmark, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['whole_run.py', 'plain', 'plain'])
    with pytest.raises(SystemExit):
        benchmark.main()
    assert 'needs the config whose networks' in capsys.readouterr().err
