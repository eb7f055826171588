"""Scoring and validation decode a sample once a run, and change nothing."""

from __future__ import annotations

import ast
import atexit
import copy
import errno
import logging
import os
import pickle
import shutil
import socket
import time
from collections import Counter
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmcv.transforms import BaseTransform
from mmengine.hooks import Hook

from mmremix.apis import build_runner
from mmremix.datasets import MultimodalDataset
from mmremix.datasets.keepable import NotKeptError
from mmremix.engine import EvaluationCacheHook, KLScoreHook
from mmremix.engine.scoring.kept_inputs import keep_inputs
from mmremix.registry import DATASETS, TRANSFORMS
from mmremix.utils.errors import ConfigError
from tests.tool_run import START, free_port

# It looks at one batch of the training samples by itself.
ALONE = {'default_hooks.gradient_conflict': None}
OFF = {
    **ALONE,
    'default_hooks.evaluation_cache.cache': False,
    'method_remix.plan.cache': False,
}


@pytest.fixture
def decoded(monkeypatch):
    """How often each sample went through an evaluation pipeline."""
    counts = Counter()
    load = MultimodalDataset._load

    def counted(self, index, *args):
        if self.test_mode:
            counts[self.ann_file, index] += 1
        return load(self, index, *args)

    monkeypatch.setattr(MultimodalDataset, '_load', counted)
    return counts


def run(cfg):
    runner = build_runner(cfg)
    runner.train()
    return {n: v.clone() for n, v in runner.model.state_dict().items()}


def test_decoded_once_with_the_same_weights(tiny_config, decoded):
    plain = run(tiny_config(epochs=3, **OFF))
    every_time = Counter(decoded)
    decoded.clear()
    cfg = tiny_config(epochs=3, **ALONE)
    kept = run(cfg)
    # To see whether it can be kept, and for its shape, the first is loaded.
    assert {n for (_, i), n in decoded.items() if i} == {1}
    assert sum(every_time.values()) > 1.5 * sum(decoded.values())
    assert plain.keys() == kept.keys()
    assert all(torch.equal(plain[n], kept[n]) for n in plain)
    assert folders(cfg) == set()


@TRANSFORMS.register_module(force=True)
class When(BaseTransform):
    """Meta information that is another at each call."""

    def transform(self, results):
        results['when'] = time.monotonic_ns()
        return results


def folders(cfg):
    """Those of caches in the work directory."""
    left = {path.name for path in Path(cfg.work_dir).iterdir()}
    return left & {'scoring_cache', 'evaluation_cache'}


def test_inputs_that_cannot_be_kept(tiny_config):
    """By default a reason in the log; where it was asked for, an error."""
    cfg = tiny_config(epochs=2, **{'method_remix.plan.cache': False})
    pipeline = [dict(step) for step in cfg.val_dataloader.dataset.pipeline]
    pipeline[-1]['meta_keys'] = ('clip', 'when')
    cfg.val_dataloader.dataset.pipeline = [{'type': 'When'}, *pipeline]
    run(cfg)
    log = next(Path(cfg.work_dir).glob('*/*.log')).read_text()
    assert "evaluation_cache: nothing is kept, since 'when' of sample" in log
    cfg.work_dir += '_asked'
    cfg.default_hooks.evaluation_cache.cache = {'limit_gb': 1}
    with pytest.raises(NotKeptError, match=r'when(.|\n)*cache=False'):
        run(cfg)


@pytest.mark.parametrize('asked', [True, {'limit_gb': 1}])
def test_a_full_disk(tiny_config, monkeypatch, asked):
    """Training goes on without what nobody asked for."""

    def full(*args):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(os, 'posix_fallocate', full)
    cfg = tiny_config(epochs=2)
    cfg.merge_from_dict({'default_hooks.evaluation_cache.cache': asked})
    if asked is True:
        run(cfg)
        log = next(Path(cfg.work_dir).glob('*/*.log')).read_text()
        for name in ('scoring_cache', 'evaluation_cache'):
            assert f'{name}: nothing is kept, since [Errno 28]' in log
    else:
        with pytest.raises(OSError, match='No space left'):
            run(cfg)
    assert folders(cfg) == set()


class Ends(Hook):
    """Stops in the second epoch, as Ctrl-C does."""

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.epoch == 1:
            raise KeyboardInterrupt


def test_an_end_in_the_middle_removes_them(tiny_config):
    """And training once more begins with files of its own."""
    cfg = tiny_config(epochs=2)
    runner = build_runner(cfg)
    ends = Ends()
    runner.register_hook(ends)
    with pytest.raises(KeyboardInterrupt):
        runner.train()
    assert folders(cfg) == set()
    runner.hooks.remove(ends)
    runner.train()
    assert runner.epoch == 2 and folders(cfg) == set()


def by_hand(tiny_config, folder, **options):
    """A validation set that keeps its inputs, without a run."""
    dataset = DATASETS.build(tiny_config().val_dataloader.dataset)
    runner = SimpleNamespace(
        work_dir=str(folder), logger=logging.getLogger('by_hand')
    )
    keep_inputs(runner, dataset, options or True, 'scoring_cache')
    return runner, dataset


def test_the_end_of_the_process_removes_them(
    tiny_config, tmp_path, monkeypatch
):
    """Not that of a fork of it, and never those of a later run."""
    at_exit = []
    monkeypatch.setattr(atexit, 'register', lambda *call: at_exit.append(call))
    by_hand(tiny_config, tmp_path)
    function, *given = at_exit.pop()
    with monkeypatch.context() as patched:
        patched.setattr(os, 'getpid', lambda: 0)
        function(*given)
    assert (tmp_path / 'scoring_cache').exists()
    function(*given)
    assert not (tmp_path / 'scoring_cache').exists()
    _, later = by_hand(tiny_config, tmp_path)
    function(*given)
    later[0]
    assert (tmp_path / 'scoring_cache').exists()


def test_files_that_somebody_deletes(tiny_config, tmp_path):
    """They are only copies."""
    _, dataset = by_hand(tiny_config, tmp_path)
    first = dataset[3]['inputs']['audio']
    late = pickle.loads(pickle.dumps(dataset))
    shutil.rmtree(tmp_path / 'scoring_cache')
    with pytest.warns(UserWarning, match='loaded anew'):
        found = late[3]['inputs']['audio']
    assert torch.equal(first, found)


def test_none_leaves_the_files_of_others(tiny_config, tmp_path):
    """PMR has a loader of its own beside that of Remix."""
    runner, dataset = by_hand(tiny_config, tmp_path)
    keep_inputs(runner, copy.copy(dataset), None, 'scoring_cache')
    assert (tmp_path / 'scoring_cache').exists()


def test_a_killed_run_leaves_nothing_to_the_next(tiny_config):
    cfg = tiny_config(epochs=2)
    for name in ('scoring_cache', 'evaluation_cache'):
        old = Path(cfg.work_dir, name, 'another-machine', '0.bin')
        old.parent.mkdir(parents=True)
        old.write_bytes(b'old')
    cfg.merge_from_dict({'default_hooks.evaluation_cache.cache': False})
    run(cfg)
    assert folders(cfg) == set()


def _rank(rank, port, work, folder, cfg):
    torch.set_num_threads(1)
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    torch.distributed.init_process_group('gloo', rank=rank, world_size=2)
    runner = SimpleNamespace(
        work_dir=folder, logger=logging.getLogger(f'rank{rank}')
    )
    found = work(rank, runner, cfg)
    Path(folder, f'{rank}.txt').write_text(repr(found))
    torch.distributed.destroy_process_group()


def on_two_ranks(work, folder, cfg):
    """What a function returns on each."""
    torch.multiprocessing.start_processes(
        _rank,
        args=(free_port(), work, str(folder), cfg.val_dataloader.dataset),
        nprocs=2,
        start_method=START,
    )
    texts = [(folder / f'{rank}.txt').read_text() for rank in range(2)]
    return [ast.literal_eval(text) for text in texts]


def _loads_twice(rank, runner, cfg):
    dataset = DATASETS.build(cfg)
    # When the second rank looks, the first one's files are there.
    usage = shutil.disk_usage('.')._replace(free=200_000 // (1 + rank))
    shutil.disk_usage = lambda path: usage
    keep_inputs(runner, dataset, True, 'scoring_cache')
    first = [dataset[row]['inputs'] for row in range(len(dataset))]
    torch.distributed.barrier()
    again = [dataset[row]['inputs'] for row in range(len(dataset))]
    alike = all(
        torch.equal(one[name], other[name])
        for one, other in zip(first, again, strict=True)
        for name in one
    )
    return dataset.cache.num_cached, alike


def test_ranks_of_a_machine_agree_how_much(tiny_config, tmp_path):
    """However much of the disk is free when each of them looks."""
    one, other = on_two_ranks(_loads_twice, tmp_path, tiny_config())
    num_cached, alike = one
    assert one == other and 0 < num_cached < 12 and alike


def _has_a_full_disk(rank, runner, cfg):
    def full(*args):
        raise OSError(errno.ENOSPC, 'No space left on device')

    if rank:
        os.posix_fallocate = full
    socket.gethostname = lambda: f'machine{rank}'
    found = []
    for cache in (True, {'limit_gb': 1}):
        dataset = DATASETS.build(cfg)
        try:
            keep_inputs(runner, dataset, cache, 'scoring_cache')
            found.append('none' if dataset.cache is None else 'kept')
        except OSError as error:
            found.append(str(error))
        torch.distributed.barrier()
    return found


def test_a_full_disk_of_one_machine(tiny_config, tmp_path):
    """By default the others keep theirs; asked for, all end together."""
    found = on_two_ranks(_has_a_full_disk, tmp_path, tiny_config())
    for first, (default, asked) in zip(('kept', 'none'), found, strict=True):
        assert default == first and 'No space left' in asked


@pytest.mark.parametrize(
    ('cache', 'message'),
    [
        ('float16', "cache must be True, False or a dict, got 'float16'"),
        ({'limit': 5}, r"there is no \['limit'\]\. Write: cache=dict\("),
        ({'limit_gb': -1}, 'limit_gb must be gigabytes >= 0, got -1'),
        ({'directory': 5}, 'directory must be a folder, got 5'),
    ],
)
def test_options(cache, message):
    for make in (EvaluationCacheHook, partial(KLScoreHook, 1)):
        with pytest.raises(ConfigError, match=message):
            make(cache=cache)
