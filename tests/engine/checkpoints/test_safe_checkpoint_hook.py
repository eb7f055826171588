from __future__ import annotations

import errno
import os
from functools import partial
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook

from mmremix.apis import build_runner
from mmremix.engine import DamagedCheckpointError, SafeCheckpointHook
from mmremix.engine.checkpoints.files import CheckpointNotSavedError
from tests.engine.toy_run import toy_config


@pytest.fixture
def toy(tmp_path):
    return partial(toy_config, tmp_path / 'work')


def checkpoints(work_dir):
    return sorted(n for n in os.listdir(work_dir) if '.pth' in n)


class StopBefore(Hook):
    """Stops before an epoch, or before its validation."""

    priority = 'HIGHEST'

    def __init__(self, epoch, validation=False):
        self.epoch, self.validation = epoch, validation

    def before_train_epoch(self, runner):
        if runner.epoch == self.epoch and not self.validation:
            raise KeyboardInterrupt

    def before_val(self, runner):
        if runner.epoch == self.epoch and self.validation:
            raise KeyboardInterrupt


def stop(cfg, *where):
    runner = build_runner(cfg)
    runner.register_hook(StopBefore(*where))
    with pytest.raises(KeyboardInterrupt):
        runner.train()
    return Path(runner.work_dir)


class Counts(Hook):
    """How many checkpoints there are at the start of each epoch."""

    def __init__(self):
        self.seen = []

    def before_train_epoch(self, runner):
        names = checkpoints(runner.work_dir)
        self.seen.append(sum(n.startswith('epoch_') for n in names))


def test_an_argument_that_is_none(toy):
    wrong = {'default_hooks.checkpoint.max_keep_ckpt': 3}
    with pytest.raises(ValueError, match='mean max_keep_ckpts'):
        build_runner(toy(**wrong))


def test_keeps_as_many_as_asked(toy):
    """Saving an epoch twice, as for the best one, counts once."""
    runner, counts = build_runner(toy(epochs=4)), Counts()
    runner.register_hook(counts)
    runner.train()
    assert counts.seen == [0, 1, 2, 2]
    names = checkpoints(runner.work_dir)
    best = [n for n in names if n.startswith('best_acc_fusion_top1')]
    assert len(best) == 1
    assert names == [*best, 'epoch_3.pth', 'epoch_4.pth']
    last = Path(runner.work_dir, 'last_checkpoint').read_text()
    assert last == str(Path(runner.work_dir, 'epoch_4.pth'))


def written(monkeypatch):
    """The checkpoints of an epoch that are written, in their order."""
    names, write = [], SafeCheckpointHook._write

    def noted(self, runner, name, meta):
        names.append(name)
        write(self, runner, name, meta)

    monkeypatch.setattr(SafeCheckpointHook, '_write', noted)
    return names


def test_an_epoch_is_written_once(toy, monkeypatch):
    names = written(monkeypatch)
    runner = build_runner(toy(epochs=2))
    runner.train()
    assert 'best_score' in runner.message_hub.runtime_info
    assert names == ['epoch_1.pth', 'epoch_2.pth']


def test_an_epoch_holds_what_a_metric_did_to_a_scheduler(toy, monkeypatch):
    """The best checkpoint has no schedulers."""
    names = written(monkeypatch)
    plateau = {'type': 'ReduceOnPlateauLR', 'monitor': 'acc/fusion_top1'}
    build_runner(toy(epochs=1, param_scheduler=[plateau])).train()
    assert names == ['epoch_1.pth', 'epoch_1.pth']


def test_old_ones_go_after_new_ones_are_safe(toy, monkeypatch):
    """Every file that is removed has a newer one of its kind."""
    from mmremix.engine.checkpoints.files import AtomicLocalBackend

    seen = []

    def remove(self, path):
        folder = Path(path).parent
        last = (folder / 'last_checkpoint').read_text()
        seen.append((Path(path).name, Path(last).name, checkpoints(folder)))
        os.remove(path)

    monkeypatch.setattr(AtomicLocalBackend, 'remove', remove)
    options = {'default_hooks.checkpoint.max_keep_ckpts': 1}
    build_runner(toy(epochs=3, **options)).train()
    epochs = [entry for entry in seen if entry[0].startswith('epoch_')]
    assert [(name, last) for name, last, _ in epochs] == [
        ('epoch_1.pth', 'epoch_2.pth'),
        ('epoch_2.pth', 'epoch_3.pth'),
    ]
    for name, last, names in seen:
        assert last in names
        kind = name.split('_')[0]
        assert sum(n.startswith(kind) for n in names) == 2


def damage_newest(work_dir, number):
    path = work_dir / f'epoch_{number}.pth'
    path.write_bytes(path.read_bytes()[:-1000])
    return path


def test_falls_back_and_ends_the_same(toy):
    def config(name, **more):
        cfg = toy(epochs=4, **more)
        cfg.work_dir += name
        return cfg

    build_runner(config('a')).train()
    work_dir = stop(config('b'), 3)
    damaged = damage_newest(work_dir, 3)
    runner = build_runner(config('b', resume=True))
    runner.train()
    log = Path(runner.log_dir, f'{runner.timestamp}.log').read_text()
    assert f'{damaged} is damaged: it is cut off' in log
    assert f'Resuming from {work_dir / "epoch_2.pth"}' in log
    names = checkpoints(work_dir)
    assert names == checkpoints(config('a').work_dir)
    for name in names:
        one, other = (
            torch.load(Path(config(n).work_dir, name), weights_only=True)
            for n in 'ab'
        )
        for key, tensor in one['state_dict'].items():
            assert torch.equal(tensor, other['state_dict'][key]), key


def test_nothing_intact_to_resume_from(toy):
    work_dir = stop(toy(), 1)
    damage_newest(work_dir, 1)
    with pytest.raises(DamagedCheckpointError, match=r'no checkpoint is int'):
        build_runner(toy(resume=True)).train()


def test_validates_first_if_that_was_missed(toy):
    """The best checkpoint is that of an undisturbed run."""

    def config(name, **more):
        cfg = toy(epochs=3, **more)
        cfg.work_dir += name
        return cfg

    build_runner(config('a')).train()
    work_dir = stop(config('b'), 1, True)
    assert checkpoints(work_dir) == ['epoch_1.pth']
    build_runner(config('b', resume=True)).train()
    assert checkpoints(work_dir) == checkpoints(config('a').work_dir)


class Validations(Hook):
    count = 0

    def before_val(self, runner):
        self.count += 1


def test_validates_no_second_time(toy):
    """The best checkpoint so far was found by the validation that was."""
    stop(toy(), 1)
    runner, validations = build_runner(toy(resume=True)), Validations()
    runner.register_hook(validations)
    runner.train()
    assert validations.count == 2


def test_the_best_checkpoint_of_another_run_counts_for_nothing(toy):
    """It has other weights: the epoch is validated."""
    work_dir = stop(toy(), 1)
    (best,) = work_dir.glob('best_*_epoch_1.pth')
    checkpoint = torch.load(best, weights_only=True)
    next(iter(checkpoint['state_dict'].values())).add_(1)
    checkpoint['message_hub']['runtime_info']['best_score'] = 2.0
    torch.save(checkpoint, best)
    runner, validations = build_runner(toy(resume=True)), Validations()
    runner.register_hook(validations)
    runner.train()
    assert validations.count == 3
    assert runner.message_hub.get_info('best_score') <= 1


def fail_after(monkeypatch, number):
    """A disk that is full from a number of checkpoint writes on."""
    real, writes = os.fsync, []

    def fsync(handle):
        writes.append(handle)
        if len(writes) > number:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    monkeypatch.setattr(os, 'fsync', fsync)


def test_full_disk(toy, monkeypatch):
    work_dir = stop(toy(), 1)
    names = checkpoints(work_dir)
    before = {n: (work_dir / n).read_bytes() for n in names}
    cfg = toy(resume=True)
    # The config's copy and the probe of the folder (file and name each) still
    # work.
    fail_after(monkeypatch, 4)
    with pytest.raises(CheckpointNotSavedError) as caught:
        build_runner(cfg).train()
    message = str(caught.value)
    assert caught.value.errno == errno.ENOSPC
    assert 'epoch_2.pth' in message and 'was not written' in message
    assert f'{work_dir / "epoch_1.pth"} is intact' in message
    assert checkpoints(work_dir) == names
    for name, content in before.items():
        assert (work_dir / name).read_bytes() == content


def test_unwritable_folder_is_found_before_training(toy, tmp_path):
    (tmp_path / 'file').write_text('not a folder')
    cfg = toy(**{'default_hooks.checkpoint.out_dir': 'x'})
    cfg.default_hooks.checkpoint.out_dir = str(tmp_path / 'file')
    runner, validations = build_runner(cfg), Validations()
    runner.register_hook(validations)
    with pytest.raises(OSError, match='was not written'):
        runner.train()
    assert validations.count == 0


def test_out_dir(toy, tmp_path):
    """Another folder for the checkpoints, damaged ones passed over."""
    out = {'default_hooks.checkpoint.out_dir': str(tmp_path / 'out')}
    stop(toy(**out), 2)
    folder = tmp_path / 'out' / 'work'
    damage_newest(folder, 2)
    runner = build_runner(toy(resume=True, **out))
    runner.train()
    assert checkpoints(folder)[-2:] == ['epoch_2.pth', 'epoch_3.pth']
    assert not checkpoints(runner.work_dir)


def test_a_checkpoint_cannot_have_files_removed(toy, tmp_path):
    """mmengine would remove whatever path a checkpoint names."""
    work_dir = stop(toy(epochs=4), 2)
    precious = tmp_path / 'precious.pth'
    precious.write_text('precious')
    path = work_dir / 'epoch_2.pth'
    checkpoint = torch.load(path, weights_only=True)
    info = checkpoint['message_hub']['runtime_info']
    info.update(
        best_ckpt=str(precious),
        best_score=-1.0,
        outdated_checkpoints=[str(precious)],
        keep_ckpt_ids=[f'/../../{precious}', 1, 2],
    )
    torch.save(checkpoint, path)
    build_runner(toy(epochs=4, resume=True)).train()
    assert precious.read_text() == 'precious'


def test_iterations(toy):
    cfg = toy(
        **{
            'default_hooks.checkpoint.by_epoch': False,
            'default_hooks.checkpoint.interval': 4,
        }
    )
    runner = build_runner(cfg)
    runner.train()
    kept = [n for n in checkpoints(runner.work_dir) if 'best' not in n]
    assert len(kept) == 2 and all(n.startswith('iter_') for n in kept)
