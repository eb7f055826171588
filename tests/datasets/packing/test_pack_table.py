"""Tables that are packed: the same bits, and nothing read that is masked."""

from __future__ import annotations

import csv
import json
import wave

import cv2
import numpy as np
import pytest
import torch

from mmremix.datasets import RemixIndex, TableDataset
from mmremix.datasets.media import BrokenMediaError
from mmremix.datasets.packing.command import run
from mmremix.datasets.readers import modality as modality_module
from mmremix.utils.errors import ConfigError
from tests.datasets.media_files import write_clip
from tests.datasets.table_files import MODALITIES, write_table
from tests.demo_run import ROOT

READERS = {
    'depth': {
        'reader': 'npy',
        'column': 'id',
        'prefix': 'd',
        'suffix': '.npy',
    },
    'wide': {'reader': 'npz', 'column': 'id', 'prefix': 'z', 'suffix': '.npz'},
    'emg': {'reader': 'pt', 'key': 'x', 'length': None},
    'photo': {'reader': 'image', 'size': (12, 10)},
    'sound': {'reader': 'sound', 'sample_rate': 4000, 'length': 1500},
    'video': {'reader': 'video', 'column': 'clip', 'num_frames': 2},
    'heard': {'reader': 'sound', 'column': 'clip', 'length': 900},
    'age': {'reader': 'numbers'},
    'words': {'reader': 'text', 'column': 'said', 'length': 6},
}


@pytest.fixture(scope='module')
def table(tmp_path_factory):
    """A CSV of three samples with everything that a cell may name."""
    root = tmp_path_factory.mktemp('table')
    for folder in 'dzpw':
        (root / folder).mkdir()
    rng = np.random.default_rng(0)
    write_clip(root / 'a.mp4', seconds=1)
    rows = []
    for i in range(3):
        np.save(root / f'd/{i}.npy', rng.normal(size=(4, 3)))
        np.savez(root / f'z/{i}.npz', x=np.arange(5, dtype=np.int64) + i)
        torch.save({'x': torch.randn(3 + i, 2).half()}, root / f'p/{i}.pt')
        picture = rng.integers(0, 255, (20, 24, 3), dtype=np.uint8)
        cv2.imwrite(str(root / f'p/{i}.png'), picture)
        with wave.open(str(root / f'w/{i}.wav'), 'wb') as file:
            file.setparams((1, 2, 8000, 0, 'NONE', ''))
            noise = rng.integers(-9999, 9999, 4000 + i, dtype=np.int16)
            file.writeframes(noise.tobytes())
        rows.append(
            {
                'label': 'ab'[i % 2],
                'id': str(i),
                'emg': f'p/{i}.pt',
                'photo': f'p/{i}.png' if i else '',
                'sound': f'w/{i}.wav',
                'clip': 'a.mp4',
                'age': i,
                'said': 'well, "yes"',
                'split': 'train',
            }
        )
    with (root / 'all.csv').open('w', newline='') as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return root


@pytest.fixture
def pack(tmp_path, monkeypatch):
    """The command on a data set; a function of it and of options."""
    monkeypatch.syspath_prepend(str(ROOT / 'tools/data'))
    import pack as tool

    def call(dataset, *options):
        config = tmp_path / 'config.py'
        config.write_text(f'train_dataloader = dict(dataset={dataset!r})\n')
        args = ('--config', config, '--out', tmp_path / 'out', *options)
        return run(tool.build_parser().parse_args(list(map(str, args))))

    return call


def settings(root, **options):
    return {
        'type': 'TableDataset',
        'data_root': str(root),
        'ann_file': 'all.csv',
        'modalities': READERS,
        'missing': 'allow',
        'filter_cfg': {'split': 'train'},
        **options,
    }


def build(cfg):
    return TableDataset(**{k: v for k, v in cfg.items() if k != 'type'})


def same(one, other):
    assert one['inputs'].keys() == other['inputs'].keys()
    for name, value in one['inputs'].items():
        found = other['inputs'][name]
        pairs = [(value, found)]
        if not isinstance(value, torch.Tensor):
            pairs = [(value.values, found.values), (value.mask, found.mask)]
        for a, b in pairs:
            assert a.dtype == b.dtype
            assert torch.equal(a, b)


def packed_of(cfg, out, printed):
    """The data set with the lines that the command printed."""
    lines = printed.split('write:\n')[1]
    given = eval(f'dict({lines})')
    changes = given.pop('modalities', {})
    modalities = {
        name: {**options, **changes.get(name, {})}
        for name, options in cfg['modalities'].items()
    }
    return {**cfg, **given, 'modalities': modalities}


def test_the_same_bits_in_training_and_tests(table, pack, tmp_path, capsys):
    cfg = settings(table)
    assert pack(cfg, '--audio-dtype', 'float32') == 0
    new = packed_of(cfg, tmp_path / 'out', capsys.readouterr().out)
    for test_mode in (False, True):
        plain = build({**cfg, 'test_mode': test_mode})
        packed = build({**new, 'test_mode': test_mode})
        assert len(packed) == 3
        for index in range(3):
            for active in (plain.modalities, ('sound', 'depth'), ('emg',)):
                key = RemixIndex(index, active, 7)
                same(plain[key], packed[key])
    assert np.array_equal(plain.lengths(), packed.lengths())
    assert plain.column('split').tolist() == packed.column('split').tolist()


def test_what_is_masked_is_not_read(
    table, pack, tmp_path, capsys, monkeypatch
):
    cfg = settings(table)
    assert pack(cfg) == 0
    packed = build(packed_of(cfg, tmp_path / 'out', capsys.readouterr().out))
    read = []
    original = modality_module.packed_value

    def note(path, name):
        read.append(name)
        return original(path, name)

    monkeypatch.setattr(modality_module, 'packed_value', note)
    packed[RemixIndex(1, ('depth', 'age'), 0)]
    assert read == ['depth']


def test_json_lines_and_broken_files(table, pack, tmp_path, capsys):
    rows = list(csv.DictReader((table / 'all.csv').open()))
    rows[0]['photo'] = None
    rows[2]['emg'] = 'd/2.npy'
    text = '\n'.join(json.dumps(row) for row in rows)
    (table / 'some.jsonl').write_text(text)
    cfg = settings(table, ann_file='some.jsonl')
    # The first sample is looked at when the set is built; this is another.
    assert pack(cfg) == 1
    assert 'emg/d/2.npy' in (tmp_path / 'out/broken.csv').read_text()
    capsys.readouterr()
    assert pack(cfg, '--on-broken', 'list') == 0
    new = packed_of(cfg, tmp_path / 'out', capsys.readouterr().out)
    assert new['ann_file'] == 'train.jsonl'
    packed, plain = build(new), build(cfg)
    assert len(packed) == 2
    for index in range(2):
        same(
            *(
                data[RemixIndex(index, ('wide',), 1)]
                for data in (plain, packed)
            )
        )
    assert 'photo' not in packed[0]['inputs']


def test_folders_of_samples(pack, tmp_path, capsys):
    root = tmp_path / 'tree'
    for label in 'ab':
        (root / label / 's').mkdir(parents=True)
        np.save(root / label / 's/x.npy', np.ones((3, 2)) * ord(label))
        np.save(root / label / 's/y.npy', np.arange(4))
    modalities = {
        name: {'reader': 'npy', 'file': f'{name}.npy'} for name in 'xy'
    }
    cfg = {
        'type': 'TableDataset',
        'data_root': str(root),
        'modalities': modalities,
    }
    assert pack(cfg) == 0
    new = packed_of(cfg, tmp_path / 'out', capsys.readouterr().out)
    assert sorted(
        path.relative_to(tmp_path / 'out/packed').as_posix()
        for path in (tmp_path / 'out').rglob('*.mmpk')
    ) == ['a/s.mmpk', 'b/s.mmpk']
    for index in range(2):
        same(build(cfg)[index], build(new)[index])
    # Made again only where an option changed.
    assert pack(cfg) == 0
    assert '0 packed, 2 were there' in capsys.readouterr().out


def test_another_name_of_the_modality_is_said(table, pack, tmp_path, capsys):
    write_table(tmp_path, 6, split=6)
    cfg = settings(
        tmp_path, ann_file='samples.csv', modalities=dict(MODALITIES)
    )
    assert pack(cfg) == 0
    new = packed_of(cfg, tmp_path / 'out', capsys.readouterr().out)
    new['modalities'] = {'gyro': {**MODALITIES['sensor'], 'column': 'sensor'}}
    with pytest.raises(BrokenMediaError, match=r"no 'gyro', only \['sensor'"):
        build(new)


@pytest.mark.parametrize(
    ('changes', 'options', 'message'),
    [
        ({}, ('--format', 'clip'), '--format clip is of clips'),
        ({}, ('--flow', 'dis'), '--flow dis is of clips'),
        (
            {'modalities': {'age': {'reader': 'numbers'}}},
            (),
            'no modality names a file',
        ),
        (
            {
                'modalities': {
                    'emg': READERS['emg'],
                    'name': {'reader': 'text', 'column': 'emg'},
                }
            },
            (),
            r"'name' reads the text of \['emg'\]",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_packed(table, pack, changes, options, message):
    with pytest.raises(ConfigError, match=message):
        pack(settings(table, **changes), *options)
