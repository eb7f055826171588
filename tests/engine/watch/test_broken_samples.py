from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from mmremix.apis import build_runner
from mmremix.datasets.media.errors import BrokenMediaError
from mmremix.engine.plan.plan_hook import plan_hook


@pytest.fixture
def damaged(demo_root, tmp_path):
    """The demo clips, one of train and one of test cut short."""
    root = tmp_path / 'damaged'
    shutil.copytree(demo_root, root)
    for name in ('train_00003', 'test_00002'):
        path = root / 'clips' / f'{name}.mp4'
        path.write_bytes(path.read_bytes()[:2000])
    return root


def config(tiny_config, root, policy):
    cfg = tiny_config(epochs=2, warmup=1)
    for name in ('train', 'val', 'test'):
        dataset = cfg[f'{name}_dataloader'].dataset
        dataset.data_root = str(root)
        dataset.on_broken = policy
    return cfg


def test_raise_names_the_file(tiny_config, damaged):
    cfg = config(tiny_config, damaged, 'raise')
    with pytest.raises(BrokenMediaError, match=r'train_00003\.mp4'):
        build_runner(cfg).train()


def test_skip_trains_around_and_lists(tiny_config, damaged):
    runner = build_runner(config(tiny_config, damaged, 'skip'))
    runner.train()
    with Path(runner.work_dir, 'broken_samples.csv').open() as stream:
        rows = list(csv.DictReader(stream))
    assert [Path(row['clip']).name for row in rows] == [
        'test_00002.mp4',
        'train_00003.mp4',
    ]
    assert all(row['reason'] for row in rows)
    # A test beside the training leaves its list alone.
    listed = Path(runner.work_dir, 'broken_samples.csv').read_bytes()
    tester = build_runner(config(tiny_config, damaged, 'skip'), training=False)
    tester.test()
    assert (
        'test_00002' in Path(tester.log_dir, 'broken_samples.csv').read_text()
    )
    assert Path(runner.work_dir, 'broken_samples.csv').read_bytes() == listed
    (log,) = Path(runner.log_dir).glob('*.log')
    text = log.read_text()
    assert '2 samples could not be loaded' in text
    assert text.index('train_00003.mp4') > text.index('test_00002.mp4') > 0
    # Not scored, so no modality and no place in the remix epoch.
    assignments = plan_hook(runner).decision['assignments']
    assert assignments[3] == -1
    assert (assignments == -1).sum() == 1
