"""The benchmark of the methods' cost, on the demo clips."""

from __future__ import annotations

import importlib
import json

import pytest

from tests.demo_run import ROOT
from tests.tool_run import run_tool

TINY = (
    'train_dataloader.batch_size=8',
    'model.encoders.video.base_channels=4',
    'model.encoders.audio.base_channels=4',
    # Remix and MLA's own fusion work with it, OGM does not.
    'model.fusion.type=MMTM',
)


def test_methods_take_turns_with_joint_training(demo_root, tmp_path):
    out = tmp_path / 'cost.json'
    done = run_tool(
        'tools/benchmarks/method_cost.py',
        *('--methods', 'mla', 'ogm', 'remix'),
        *('--rounds', '2', '--skip', '1', '--json', str(out)),
        *('--data-root', str(demo_root), '--cfg-options', *TINY),
    )
    table = done.stdout
    assert out.is_file(), table + done.stderr[-3000:]
    report = json.loads(out.read_text())
    rows = report['methods']
    assert list(rows) == ['joint', 'mla', 'remix']
    for name, row in rows.items():
        assert any(line.split()[:1] == [name] for line in table.splitlines())
        assert len(row['rounds']) == 2
        for pair in row['rounds']:
            assert all(epoch['cpu_s'] > 0 for epoch in pair)
        for unit in ('cpu', 'wall'):
            ratio = row[f'{unit}_in_joint_epochs']
            assert ratio['lowest'] <= ratio['median'] <= ratio['highest']
    everything = {'audio': 1.0, 'video': 1.0}
    assert rows['joint']['passes with gradient'] == everything
    assert rows['joint']['passes without gradient'] == {}
    # Every sample once with each modality.
    assert rows['mla']['items'] == 2.0
    assert rows['mla']['passes with gradient'] == everything
    # Every sample is scored, and keeps one modality.
    assert rows['remix']['items'] == 1.0
    assert rows['remix']['passes without gradient'] == everything
    kept = rows['remix']['passes with gradient']
    assert sum(kept.values()) == pytest.approx(1.0)
    # What could not be measured says why.
    assert list(report['not_measured']) == ['ogm']
    assert 'fusion between the stages' in report['not_measured']['ogm']
    assert f'ogm: not measured. {report["not_measured"]["ogm"]}' in table
    assert done.returncode == 1


def test_epochs_that_are_due_now_and_then_are_averaged_in(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / 'tools' / 'benchmarks')
    cases = importlib.import_module('method_cases')
    runs = importlib.import_module('method_runs')
    for case in cases.CASES.values():
        assert sum(case.weights) == pytest.approx(1.0)
    run = object.__new__(runs.Run)
    run._weights = (0.25, 0.75)
    answers = iter([{'cpu_s': 8.0, 'extra': 4.0}, {'cpu_s': 4.0}])
    monkeypatch.setattr(run, '_epoch', lambda: next(answers))
    assert run.turn() == {'cpu_s': 5.0, 'extra': 1.0}
