"""tools/new.py for arrays and tables: configs that train as they are."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from mmremix.apis import build_runner, load_config
from tests.datasets.table_files import write_table
from tests.demo_run import unique_name
from tests.tool_run import run_tool


@pytest.fixture
def new(tmp_path):
    """Write a config; returns it and what was told."""

    def run(source, *more):
        out = tmp_path / 'out' / 'mine.py'
        done = run_tool('tools/new.py', source, '--out', out, *more)
        assert done.returncode == 0, done.stderr
        assert f'mmremix train {out}' in done.stdout
        return load_config(str(out)), done.stdout

    return run


def train(cfg, folder):
    """Two epochs, the second a Remix epoch."""
    cfg.work_dir, cfg.launcher = str(folder), 'none'
    cfg.experiment_name = unique_name(folder.name)
    for name in ('train', 'val', 'test'):
        loader = cfg[f'{name}_dataloader']
        loader.update(num_workers=0, persistent_workers=False)
    cfg.train_cfg.max_epochs = 2
    (hook,) = cfg.custom_hooks
    hook.warmup_epochs = 1
    cfg.default_hooks.update(contribution=None, gradient_conflict=None)
    runner = build_runner(cfg)
    runner.train()
    assert runner.epoch == 2
    return runner


def arrays(rows=40, **more):
    generator = np.random.default_rng(0)
    kind = np.arange(rows) % 2
    return {
        'touch': generator.normal(kind[:, None], 1, (rows, 12)),
        'motion': generator.normal(5, 2, (rows, 30, 20)).astype('float32'),
        'photo': generator.integers(0, 255, (rows, 3, 16, 20), np.uint8),
        'label': np.array(['left', 'right'])[kind],
        'person': np.arange(rows) % 8,
        'notes': np.zeros((3, 2)),
        **more,
    }


def test_arrays(new, tmp_path):
    np.savez(tmp_path / 'mine.npz', **arrays())
    cfg, told = new(tmp_path / 'mine.npz')
    assert cfg.model.encoders == {
        'touch': {'type': 'MLP', 'in_channels': 12},
        'motion': {'type': 'TemporalCNN', 'in_channels': 20},
        'photo': {'type': 'SmallCNN', 'in_channels': 3},
    }
    scale = cfg.model.data_preprocessor.normalize
    assert len(scale.touch.mean) == 12
    assert scale.motion.mean == pytest.approx(5, abs=0.2)
    assert scale.photo.std == pytest.approx(73, abs=5)
    assert 'notes: not read' in told and "whole values of 'person'" in told
    runner = train(cfg, tmp_path / 'work')
    train_set = runner.train_dataloader.dataset
    held_out = runner.val_dataloader.dataset
    assert len(train_set) + len(held_out) == 40
    people = [set(data.column('person')) for data in (train_set, held_out)]
    assert not people[0] & people[1] and people[1]


def test_arrays_with_a_split_and_another_label(new, tmp_path):
    split = np.array(['train'] * 24 + ['val'] * 8 + ['test'] * 8)
    content = arrays(split=split)
    content['kind'] = content.pop('label')
    np.savez(tmp_path / 'mine.npz', **content)
    cfg, told = new(tmp_path / 'mine.npz', '--label', 'kind')
    sets = [cfg[f'{n}_dataloader'].dataset for n in ('train', 'val', 'test')]
    assert [data.filter_cfg.split for data in sets] == ['train', 'val', 'test']
    assert all(data.label == 'kind' for data in sets)
    assert "the column 'split' says" in told


def test_a_table(new, tmp_path):
    rows = write_table(tmp_path, 16, gaps=[(1, 'photo')])
    cfg, told = new(tmp_path / 'samples.csv')
    data = cfg.train_dataloader.dataset
    assert data.missing == 'allow' and data.filter_cfg == {'split': 'train'}
    assert data.modalities.sensor.length == 17  # of 10 to 25
    assert data.modalities.photo['size'] == (64, 64)
    assert data.modalities.sentence.reader == 'bag_of_words'
    assert cfg.model.encoders.sensor == {
        'type': 'TemporalCNN',
        'in_channels': 4,
    }
    assert 'person: not read, names' in told
    runner = train(cfg, tmp_path / 'work')
    assert len(runner.train_dataloader.dataset) == 8 < len(rows)


def test_json_lines_of_numbers(new, tmp_path):
    """Skeletons of joints, and two columns of single numbers."""
    generator = np.random.default_rng(0)
    lines = [
        {
            'label': 'ab'[i % 2],
            'joints': generator.normal(size=(6 + i % 3, 4, 3)).tolist(),
            'height': 1.5 + i / 100,
            'weight': 60.25 + i,
            'number': i,
        }
        for i in range(20)
    ]
    path = tmp_path / 'people.jsonl'
    path.write_text('\n'.join(map(json.dumps, lines)))
    cfg, told = new(path)
    found = cfg.train_dataloader.dataset.modalities
    assert found.joints.flatten and found.joints.length == 7
    assert found.numbers.column == ['height', 'weight']
    assert cfg.model.encoders.joints.in_channels == 12
    assert 'number: not read, whole numbers' in told
    train(cfg, tmp_path / 'work')


def test_what_cannot_be(tmp_path):
    def error(content, *more):
        np.savez(tmp_path / 'mine.npz', **content)
        words = (tmp_path / 'mine.npz', '--out', tmp_path / 'a.py', *more)
        done = run_tool('tools/new.py', *words)
        assert done.returncode == 2 and not (tmp_path / 'a.py').exists()
        return done.stderr

    whole = arrays()
    assert '--label NAME' in error(whole, '--label', 'kind')
    alone = {name: whole[name] for name in ('touch', 'label')}
    assert 'modalities found: touch; balancing needs two' in error(alone)
    other = {**alone, 'photo': whole['photo'][:30]}
    assert "and 'label' has 40 rows" in error(other)
    long = {**whole, 'motion_length': 10 + np.arange(40) % 3}
    assert "'motion' are 10 to 12 long" in error(long)
    last = {**whole, 'photo': np.moveaxis(whole['photo'], 1, -1)}
    assert 'numpy.moveaxis' in error(last)
    several = {**whole, 'label': np.eye(2)[np.arange(40) % 2]}
    assert 'several labels a row' in error(several)


@pytest.mark.parametrize(
    ('content', 'says'),
    [
        ('clip;label\na.mp4;x\n', "no column.*with commas; ';' separates"),
        ('clip,emotion\na.mp4,x\n', 'There are: clip, emotion.*--label NAME'),
        ('file,emotion\na.mp4,x\n', 'There are: file, emotion.*--label NAME'),
        ('clip,label\n\xe9.mp4,x\n', 'no text in UTF-8, after line 1'),
        ('file,label\na.mp4,x\n', 'listed in a column named clip'),
        ('a,label\n[0.1 0.2],x\n', r'lists that are no JSON \(\[0.1 0.2'),
    ],
)
def test_tables_that_cannot_be(tmp_path, content, says):
    path = tmp_path / 'mine.csv'
    path.write_bytes(content.encode('latin-1'))
    done = run_tool('tools/new.py', path, '--out', tmp_path / 'a.py')
    assert done.returncode == 2 and not (tmp_path / 'a.py').exists()
    assert re.search(says, done.stderr) and str(path) in done.stderr
