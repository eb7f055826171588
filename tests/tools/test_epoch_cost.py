"""The benchmark of an epoch's cost, on tiny inputs."""

from __future__ import annotations

import importlib
import json
import sys

import pytest
import torch

from mmremix.models import AVRecognizer
from tests.demo_run import ROOT


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / 'tools' / 'benchmarks')
    trainer = importlib.import_module('epoch_trainer')
    shapes = {'video': (2, 3, 32, 32), 'audio': (1, 33, 40)}
    for name, shape in shapes.items():
        monkeypatch.setitem(trainer.SHAPES, name, shape)
        monkeypatch.setitem(trainer.INPUTS, name, torch.randn(shape))

    def narrow(encoders, **options):
        for encoder in encoders.values():
            encoder['base_channels'] = 4
        return AVRecognizer(encoders=encoders, **options)

    monkeypatch.setattr(trainer, 'AVRecognizer', narrow)
    return importlib.import_module('epoch_cost')


def test_arithmetic(benchmark):
    cost = {
        'joint training': 10.0,
        'remix training, skip': 5.0,
        'remix training, feature': 10.0,
        'scoring, fp32': 3.4,
        f'scoring, {benchmark.RECOMMENDED}': 1.0,
    }
    found = benchmark.ratios(
        {n: {'wall_s': s} for n, s in cost.items()}, 'wall_s'
    )
    assert found['cycle, as published (feature, fp32)'] == pytest.approx(1.34)
    cycle = 0.5 + 0.1 + 0.1 * 0.34
    assert found['cycle, skip, recommended'] == pytest.approx(cycle)
    assert found['cycle skip / cycle feature'] == pytest.approx(cycle / 1.34)
    test = 0.34 * 744 / 6698
    assert found['60 epochs, 10 of warm-up, with tests'] == pytest.approx(
        (10 + 50 * cycle + 60 * test) / (60 + 60 * test)
    )


def test_runs_and_writes_json(benchmark, monkeypatch, tmp_path, capsys):
    argv = ['epoch_cost.py', '--samples=5', '--batch-size=2', '--rounds=1']
    out = tmp_path / 'cost.json'
    monkeypatch.setattr(sys, 'argv', [*argv, '--share=0.4', f'--json={out}'])
    benchmark.main()
    report = json.loads(out.read_text())
    assert set(report['seconds']) == {
        'joint training',
        'remix training, skip',
        'remix training, feature',
        *(f'scoring, {name}' for name in benchmark.SCORING),
    }
    assert report['in_joint_epochs']['cpu_s']['joint training'] == 1
    assert 'cycle, skip, recommended' in capsys.readouterr().out


def test_steps_of_an_epoch(benchmark):
    """Batches of a group hold what it says; none is left out."""
    groups = ((3, ('video',)), (2, ('audio',)))
    for load_masked in (False, True):
        batches = benchmark.batches(groups, 2, load_masked)
        sizes = [len(batch['data_samples']) for batch in batches]
        assert sizes == [2, 1, 2]
        for batch, name in zip(
            batches, ('video', 'video', 'audio'), strict=True
        ):
            loaded = {'video', 'audio'} if load_masked else {name}
            assert set(batch['inputs']) == loaded
            for sample in batch['data_samples']:
                assert sample.metainfo['active_modalities'] == (name,)
