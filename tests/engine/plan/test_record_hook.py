"""What a training run leaves in its work directory."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mmremix.apis import build_runner
from mmremix.engine import ScoreTable
from mmremix.engine.plan.report import Decided, report
from mmremix.records import read_records


@pytest.fixture
def config(tiny_config):
    def make(name='remix_demo_concat', **kwargs):
        cfg = tiny_config(name, **kwargs)
        cfg.default_hooks['records'] = {'type': 'RemixRecordHook'}
        return cfg

    return make


def scalars(work_dir):
    rows = {}
    for file in sorted(Path(work_dir).glob('*/vis_data/scalars.json')):
        for line in file.read_text().splitlines():
            entry = json.loads(line)
            if 'remix/flips' in entry:
                rows[entry['step']] = entry
    return rows


def test_run(config):
    cfg = config(epochs=3, warmup=1)
    runner = build_runner(cfg)
    runner.train()
    found = read_records(cfg.work_dir)
    assert found.epochs.tolist() == [2, 3]
    assert len(found.samples) == 26
    assert found.classes == list(
        runner.train_dataloader.dataset.metainfo['classes']
    )
    assert found.fingerprint == runner.train_dataloader.dataset.fingerprint()
    # The log, the checkpoint and the records say the same.
    logged = scalars(cfg.work_dir)
    for i, epoch in enumerate(found.epochs):
        assert logged[epoch]['remix/flips'] == found.flips[i]
        for k, name in enumerate(found.modalities):
            assert logged[epoch][f'remix/count_{name}'] == found.count[i, k]
        assert found.class_count[i].sum(axis=1).tolist() == list(
            found.count[i]
        )
    saved = torch.load(Path(cfg.work_dir, 'epoch_3.pth'), weights_only=True)
    saved = saved['plan']['tensors']
    np.testing.assert_array_equal(found.scores[-1], saved['scores'])
    np.testing.assert_array_equal(found.assignments[-1], saved['assignments'])
    # The confusion matrices belong to the last accuracies.
    with np.load(Path(cfg.work_dir, 'val_confusion.npz')) as kept:
        assert kept['predictions'].tolist() == [
            'fusion',
            'video',
            'audio',
            'heads',
        ]
        assert kept['classes'].tolist() == found.classes
        assert kept['epoch'] == 3
        assert kept['confusion'].shape == (4, 6, 6)
        assert kept['confusion'].sum(axis=(1, 2)).tolist() == [12] * 4
        right = np.trace(kept['confusion'][0])
    best = runner.message_hub.get_scalar('val/acc/fusion_top1').current()
    assert right / 12 == pytest.approx(best)


def test_resumed_and_repeated(config):
    """Each epoch once after a resume; a new run destroys nothing."""
    cfg = config(epochs=4, warmup=1)
    build_runner(cfg).train()
    first = read_records(cfg.work_dir)
    assert first.epochs.tolist() == [2, 3, 4]

    cfg = config(epochs=4, warmup=1, resume=True)
    cfg.load_from = str(Path(cfg.work_dir, 'epoch_3.pth'))
    runner = build_runner(cfg)
    # Cut before training starts: a reader never sees what is now untrue.
    runner.call_hook = seen = Recorder(runner, cfg.work_dir)
    runner.train()
    assert seen.epochs == [2, 3, 4]
    again = read_records(cfg.work_dir)
    assert again.epochs.tolist() == [2, 3, 4]
    np.testing.assert_array_equal(again.scores[:2], first.scores[:2])

    cfg = config(epochs=2, warmup=1)
    build_runner(cfg).train()
    assert read_records(cfg.work_dir).epochs.tolist() == [2]
    kept = read_records(Path(cfg.work_dir, 'remix_records.1.npy'))
    np.testing.assert_array_equal(kept.scores, again.scores)


class Recorder:
    """Notes which epochs are on disk when training begins."""

    def __init__(self, runner, work_dir):
        self.call = runner.call_hook
        self.work_dir = work_dir
        self.epochs = None

    def __call__(self, name, **kwargs):
        self.call(name, **kwargs)
        if name == 'before_train':
            self.epochs = read_records(self.work_dir).epochs.tolist()


def test_resume_without_a_checkpoint_destroys_nothing(config):
    cfg = config(epochs=2, warmup=1)
    build_runner(cfg).train()
    Path(cfg.work_dir, 'last_checkpoint').unlink()
    for file in Path(cfg.work_dir).glob('*.pth'):
        file.unlink()
    cfg = config(epochs=2, warmup=1, resume=True)
    build_runner(cfg).train()
    for name in ('remix_records.npy', 'remix_records.1.npy'):
        assert read_records(Path(cfg.work_dir, name)).epochs.tolist() == [2]


def test_resumed_with_damaged_records(config):
    """One bit costs that file, not the run."""
    cfg = config(epochs=3, warmup=1)
    build_runner(cfg).train()
    file = Path(cfg.work_dir, 'remix_records.npy')
    damaged = bytearray(file.read_bytes())
    damaged[-1] ^= 4
    file.write_bytes(damaged)
    cfg = config(epochs=4, warmup=1, resume=True)
    runner = build_runner(cfg)
    runner.train()
    assert read_records(file).epochs.tolist() == [2, 4]
    kept = Path(cfg.work_dir, 'remix_records.damaged.1.npy')
    assert kept.read_bytes() == damaged
    log = Path(runner.log_dir, f'{runner.timestamp}.log').read_text()
    assert 'WARNING' in log and kept.name in log


def test_joint_run(config):
    cfg = config('joint_demo_concat', epochs=1)
    build_runner(cfg).train()
    assert Path(cfg.work_dir, 'val_confusion.npz').exists()
    assert not Path(cfg.work_dir, 'remix_records.npy').exists()


def test_rho_is_logged_where_it_was_measured(config):
    cfg = config(epochs=2, warmup=0)
    runner = build_runner(cfg)
    table = ScoreTable(torch.zeros(26, 2), {'fusion': 1.0})
    decided = Decided(
        epoch=1,
        modalities=('video', 'audio'),
        assignments=torch.zeros(26, dtype=torch.int8),
        table=table,
        flips=0,
        seconds=1.0,
        fingerprint='',
    )
    report(runner, decided)
    assert 'remix/rho_video' not in scalars(cfg.work_dir)[1]
    table.true_probability = {'fusion': 0.9, 'video': 0.3, 'audio': 0.6}
    report(runner, decided._replace(epoch=2))
    logged = scalars(cfg.work_dir)[2]
    assert logged['remix/rho_video'] == pytest.approx(0.5)
    assert logged['remix/rho_audio'] == pytest.approx(2.0)
    assert 'remix/rho_fusion' not in logged


def test_only_the_first_rank_writes(config, monkeypatch):
    monkeypatch.setattr(
        'mmremix.engine.plan.record_hook.is_main_process', lambda: False
    )
    cfg = config(epochs=1, warmup=0)
    build_runner(cfg).train()
    written = {path.name for path in Path(cfg.work_dir).iterdir()}
    assert not written & {'remix_records.npy', 'val_confusion.npz'}
