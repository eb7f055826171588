"""tools/new.py: a config that fits, and trains as it is."""

from __future__ import annotations

import csv
import os
import shutil
import sys
from pathlib import Path

import pytest

from mmremix.apis import build_runner, load_config
from mmremix.cli import main
from tests.demo_run import narrow


@pytest.fixture
def new(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'path', list(sys.path))
    monkeypatch.setitem(sys.modules, '__main__', sys.modules['__main__'])
    monkeypatch.setattr(sys, 'argv', list(sys.argv))

    def run(source, *more):
        out = tmp_path / 'out' / 'mine.py'
        main(['new', str(source), '--out', str(out), *more])
        return load_config(str(out)), out, capsys.readouterr().out

    return run


def train(cfg, folder):
    """One epoch of each phase, with encoders that are built at once."""
    cfg.work_dir = str(folder)
    narrow(cfg)
    for name in ('train', 'val', 'test'):
        loader = cfg[f'{name}_dataloader']
        loader.update(num_workers=0, persistent_workers=False)
    cfg.train_cfg.max_epochs = 2
    (hook,) = cfg.custom_hooks
    hook.warmup_epochs = 1
    runner = build_runner(cfg)
    runner.train()
    return runner


def test_lists_that_are_there(new, demo_root, tmp_path):
    """`data/demo/train` is data/demo/train.csv and what is beside it."""
    cfg, out, said = new(demo_root / 'train')
    assert f'mmremix train {out}' in said
    assert cfg.train_dataloader.batch_size == 8
    assert cfg.test_dataloader.dataset.ann_file == 'test.csv'
    # Clips of a second, of 64 x 64 pixels and 16 kHz.
    assert (cfg.seconds, cfg.size, cfg.sample_rate) == (0.9, 56, 16000)
    assert cfg.model.num_classes == len(cfg.classes) == 6
    # Each value has its reason above it.
    lines = out.read_text().splitlines()
    for name in ('seconds', 'batch_size', 'size', 'max_epochs'):
        (place,) = (
            i for i, line in enumerate(lines) if line.startswith(f'{name} = ')
        )
        assert lines[place - 1].startswith('# ')
    runner = train(cfg, tmp_path / 'work')
    assert runner.epoch == 2
    assert len(runner.train_dataloader.dataset) == 26


def test_a_list_with_a_split_and_another_label(new, demo_root, tmp_path):
    with (demo_root / 'train.csv').open() as file:
        rows = list(csv.DictReader(file))
    marks = ['Train'] * 15 + ['dev'] * 5 + ['test'] * (len(rows) - 21)
    marks.append('spare')
    lines = [
        f'{row["clip"]},{row["label"]},{mark}'
        for row, mark in zip(rows, marks, strict=True)
    ]
    listed = demo_root / 'marked.csv'
    listed.write_text('\n'.join(['clip,shape,split', *lines]))
    try:
        cfg, out, said = new(listed, '--label', 'shape')
        assert "15 'Train', 5 'dev', 5 'test'; in no set: 1 'spare'" in said
        sets = [
            cfg[f'{n}_dataloader'].dataset for n in ('train', 'val', 'test')
        ]
        assert [data.filter_cfg.split for data in sets] == [
            'Train',
            'dev',
            'test',
        ]
        assert list(out.parent.iterdir()) == [out]  # no lists of its own
        assert '15 training samples' in out.read_text()
        runner = train(cfg, tmp_path / 'work')
    finally:
        listed.unlink()
    assert len(runner.train_dataloader.dataset) == 15
    assert len(runner.val_dataloader.dataset) == 5


def test_what_cannot_be_looked_at(new, demo_root, tmp_path, capsys):
    with pytest.raises(SystemExit):
        new(demo_root, '--label', 'shape')
    (tmp_path / 'bare.csv').write_text('clip,label\na,x\nb,y\n')
    with pytest.raises(SystemExit):
        new(tmp_path / 'bare.csv')
    assert 'write clips/a.mp4 instead of a' in capsys.readouterr().err
    (tmp_path / 'dogs').mkdir()
    (tmp_path / 'dogs' / 'a.mp4').write_bytes(b'')
    with pytest.raises(SystemExit):
        new(tmp_path, '--label', 'shape')
    assert 'its folders are the classes' in capsys.readouterr().err


def test_class_folders_are_split(new, demo_root, tmp_path):
    with (demo_root / 'train.csv').open() as file:
        for row in csv.DictReader(file):
            folder = tmp_path / 'clips' / row['label']
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(demo_root / row['clip'], folder)
    (tmp_path / 'clips' / 'dots3' / 'torn.mp4').write_bytes(b'no clip')
    cfg, out, said = new(tmp_path / 'clips')
    assert 'a fifth of each class is held out' in said
    sets = [cfg[f'{n}_dataloader'].dataset for n in ('train', 'val')]
    files = [dataset.ann_file for dataset in sets]
    assert [os.path.basename(f) for f in files] == [
        'mine_train.csv',
        'mine_val.csv',
    ]
    rows = [
        list(csv.DictReader(Path(f).read_text().splitlines())) for f in files
    ]
    assert len(rows[0]) + len(rows[1]) == 27 and len(rows[1]) in (5, 6)
    torn = any('torn' in row['clip'] for row in rows[0])
    assert ('cannot be used' in said) is torn
    assert sets[0].get('on_broken') == ('skip' if torn else None)
    with pytest.raises(SystemExit):
        main(['new', str(tmp_path / 'clips'), '--out', str(out)])


def test_nothing_there(new, tmp_path, capsys):
    (tmp_path / 'empty').mkdir()
    for source in (tmp_path / 'empty', tmp_path / 'gone'):
        with pytest.raises(SystemExit):
            new(source)
        assert 'error: ' in capsys.readouterr().err
