"""A data set of arrays: rows, columns, identity, and what it refuses."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmremix.apis import build_runner
from mmremix.datasets import ArrayDataset, InputCache, RemixIndex
from mmremix.datasets.csv_rows import AnnotationError
from mmremix.utils.errors import ConfigError
from mmremix.utils.padded import Padded
from tests.demo_run import ROOT, unique_name

N = 12


def content(**changes):
    generator = np.random.default_rng(0)
    length = np.arange(N) % 5 + 1
    series = generator.standard_normal((N, 5, 2)).astype(np.float32)
    series[np.arange(5)[None] >= length[:, None]] = np.nan  # padding
    arrays = {
        'vector': generator.standard_normal((N, 3)),
        'picture': generator.integers(0, 9, (N, 1, 4, 4), dtype=np.uint8),
        'series': series,
        'series_length': length,
        'label': np.arange(N) % 3,
        'split': np.where(np.arange(N) < 8, 'train', 'test'),
        'subject': np.arange(N) % 4,
    }
    arrays.update(changes)
    return {k: v for k, v in arrays.items() if v is not None}


@pytest.fixture
def make(tmp_path):
    def build(changes=None, write=np.savez, **options):
        path = tmp_path / 'set.npz'
        write(path, **content(**(changes or {})))
        options.setdefault('modalities', ['vector', 'picture', 'series'])
        return ArrayDataset('set.npz', data_root=str(tmp_path), **options)

    return build


@pytest.mark.parametrize('write', [np.savez, np.savez_compressed])
def test_gives_the_rows_of_what_is_active(make, write):
    dataset = make(write=write, filter_cfg=dict(split='test'))
    arrays = content()
    assert len(dataset) == 4
    sample = dataset[1]
    for name in ('vector', 'picture'):
        value = sample['inputs'][name]
        assert torch.equal(value, torch.from_numpy(arrays[name][9]))
    length = arrays['series_length'][9]
    assert sample['inputs']['series'].shape == (length, 2)
    assert sample['data_samples'].gt_label.item() == arrays['label'][9]
    meta = sample['data_samples'].metainfo
    assert (meta['sample_idx'], meta['clip']) == (1, 'row 9')
    part = dataset[RemixIndex(1, ('picture',), 3)]
    assert set(part['inputs']) == {'picture'}
    # What a transform does to it stays in the sample.
    sample['inputs']['vector'].zero_()
    assert dataset[1]['inputs']['vector'].abs().sum() > 0


def test_rows_keep_their_length(make):
    options = dict(filter_cfg=dict(split='test'), padded=['series'])
    dataset = make(**options)
    length = content()['series_length'][8:]
    found = dataset.lengths()
    assert found[:, 2].tolist() == length.tolist()
    assert not found[:, :2].any()
    batch = [dataset[i]['inputs']['series'] for i in range(4)]
    series = Padded.stack(batch)
    assert series.mask.sum(dim=1).tolist() == length.tolist()
    assert series.values.isfinite().all()
    assert dataset.get_subset(2).lengths().tolist() == found[:2].tolist()
    written = [
        dict(type='ForModality', modality=name, output=name, transforms=[])
        for name in dataset.modalities
    ]
    again = make(pipeline=[*written, dict(type='PackAVInputs')], **options)
    assert torch.equal(again[1]['inputs']['series'].values, batch[1].values)
    assert make().lengths() is None


@pytest.mark.parametrize(
    ('changes', 'padded', 'message'),
    [
        ({}, 'series', r"Write: padded=\['series'\]"),
        ({}, ['words'], r"padded=\['words'\] is a list of modalities"),
        (
            {'series_length': None, 'series': np.ones((N, 5, 2))},
            ['series'],
            "no array 'series_length'",
        ),
    ],
)
def test_refuses_rows_without_a_length(make, changes, padded, message):
    with pytest.raises(ConfigError, match=message):
        len(make(changes, padded=padded))


def test_stored_arrays_are_mapped_and_read_only(make):
    dataset = make()
    row = dataset.get_data_info(0)['vector']
    assert not row.flags.writeable
    base = dataset.file['vector']
    while base is not None and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)
    # A copy in another process opens the file anew.
    data = pickle.dumps(dataset)
    assert len(data) < 20_000
    other = pickle.loads(data)
    assert torch.equal(
        other[3]['inputs']['vector'], dataset[3]['inputs']['vector']
    )


@pytest.mark.parametrize('dtype', ['>f4', 'f2', 'u2', 'bool', 'i8'])
@pytest.mark.parametrize('order', ['C', 'F'])
def test_takes_numbers_of_any_type(make, dtype, order):
    array = np.asarray(np.arange(N * 6).reshape(N, 3, 2) % 7, dtype, order)
    dataset = make(dict(vector=array), modalities=['vector'])
    value = dataset[5]['inputs']['vector'].float().numpy()
    assert (value == array[5].astype(np.float32)).all()


def test_modalities_may_have_other_names(make):
    dataset = make(modalities=dict(touch='vector', eye='picture'))
    assert dataset.modalities == ('touch', 'eye')
    assert set(dataset[0]['inputs']) == {'touch', 'eye'}


def test_columns_are_those_of_the_chosen_rows(make):
    dataset = make(filter_cfg=dict(split='train', subject=[0, 2]))
    assert dataset.column('subject').tolist() == [0, 2, 0, 2]
    assert dataset.column('label').tolist() == [0, 2, 1, 0]
    assert set(dataset.column('split')) == {'train'}
    assert dataset.get_data_info(1)['subject'] == 2
    with pytest.raises(ConfigError, match=r"'speaker'.*'label'.*'subject'"):
        dataset.column('speaker')


def test_numbers_that_are_names(make):
    dataset = make(dict(label=1 + np.arange(N) % 3), classes=['3', '2', '1'])
    assert dataset.column('label')[:3].tolist() == [2, 1, 0]


def test_labels_by_name(make):
    names = np.array(['wave', 'clap', 'run'])[np.arange(N) % 3]
    dataset = make(dict(label=names))
    assert dataset.metainfo['classes'] == ['clap', 'run', 'wave']
    assert dataset.column('label')[:3].tolist() == [2, 0, 1]
    dataset = make(dict(names=np.array(['a', 'b', 'c'])), classes='names')
    assert dataset.metainfo['classes'] == ['a', 'b', 'c']
    dataset = make(dict(label=names), classes=['run', 'wave', 'clap'])
    assert dataset.column('label')[:3].tolist() == [1, 2, 0]
    with pytest.raises(AnnotationError, match='2, 5, 8, 11'):
        make(dict(label=names), classes=['wave', 'clap'])


def test_subsets_share_the_arrays(make):
    dataset = make()
    part = dataset.get_subset([4, 2])
    assert part.column('label').tolist() == [1, 2]
    assert len(dataset) == N
    assert part.file is dataset.file
    part.get_subset_(1)
    assert len(part) == 1
    assert make(indices=-2).get_data_info(0)['row'] == N - 2
    assert len(copy.deepcopy(dataset)) == N


def test_identity_sees_what_changed(make, tmp_path):
    first = make()
    identity = first.identity()
    assert make(write=np.savez_compressed).fingerprint() == (
        identity.fingerprint
    )
    assert identity.from_state_dict(identity.state_dict()) == identity
    label = np.array(content()['label'])
    label[0] = 2
    vector = content()['vector'] * 2
    for changes, options, word in (
        (dict(label=label), {}, 'labels: the same rows'),
        (dict(vector=vector), {}, 'other numbers (array vector)'),
        (dict(vector=vector.astype('f4')), {}, 'array vector'),
        ({}, dict(indices=[1, 0, *range(2, N)]), 'another order'),
        ({}, dict(indices=5), 'samples: 12 here, 5 there'),
        ({}, dict(filter_cfg=dict(split='train')), 'samples'),
        ({}, dict(modalities=['picture']), 'modalities'),
    ):
        other = make(changes, **options).identity()
        assert other.fingerprint != identity.fingerprint
        found = identity.differences(other, 'here', 'there')
        assert any(word in line for line in found), found
    assert (
        make(indices=5)
        .identity()
        .differences(make(indices=[*range(4), 6]).identity(), 'a', 'b')
    )


def one_nan(row):
    vector = content()['vector']
    vector[row] = np.nan
    return vector


@pytest.mark.parametrize(
    ('changes', 'options', 'message'),
    [
        ({}, dict(modalities=['sound']), r"no array 'sound'.*vector \(12, 3"),
        (dict(vector=np.ones((5, 3))), {}, "'vector' has 5 rows, 'label' has"),
        (dict(vector=one_nan(7)), {}, r'1 unusable.*from 0: 7: vector has va'),
        (
            dict(vector=np.array([{}] * N)[:, None]),
            {},
            "'vector' is of type object.*never unpickled.*vector_length",
        ),
        (dict(vector=np.ones(N)), {}, r"'vector' of shape \(12,\).*\[:, None"),
        (dict(vector=np.full((N, 2), 'a')), {}, r"type <U1.*astype\('float32"),
        (dict(series_length=np.zeros(N, int)), {}, r'0 \(0\).*must be 1 to 5'),
        (dict(series_length=np.ones(N)), {}, 'whole numbers'),
        (dict(label=np.arange(N) - 1), {}, r'0 \(-1\): label must be 0 to'),
        ({}, dict(classes=['a', 'b']), r'2 \(2\).*label must be 0 to 1'),
        (
            dict(label=np.array([2**63 + 5, *range(N - 1)], np.uint64)),
            {},
            r'0 \(9223372036854775813\): label .* below 1000 for 12 rows',
        ),
        (
            dict(label=np.arange(N) % 3),
            dict(classes=['1', '2', '3']),
            "unknown label '0'; the class names are numbers",
        ),
        (
            dict(vector=np.full((N, 2), 1e300)),
            {},
            'NaN or infinite in float32',
        ),
        (
            dict(subject=np.array([b'a', b'M\xfcller'] * (N // 2))),
            {},
            r"set.npz: 6 unusable.*from 0: 1 \(b'M.xfcller'\), 3 .*subject",
        ),
        (
            dict(label=np.array([b'a', b'\xe9'] * (N // 2))),
            {},
            r"from 0: 1 \(b'.xe9'\), .*label .*'latin-1'",
        ),
        ({}, dict(indices=[0, 12]), r'12.*12 samples.*indices=12\)'),
        ({}, dict(indices=[-13]), r'-13.*12 samples.*-12 to 11'),
        ({}, dict(indices=13), r'13.*12 samples.*indices=12\)'),
        ({}, dict(indices=-13), r'-13.*12 samples.*indices=12\)'),
        ({}, dict(indices=[True, False]), 'True is no number of a sample'),
        ({}, dict(indices=[0.5, 1.7]), '0.5 is no number of a sample'),
        (dict(label=np.eye(N)), {}, r'label.argmax\(axis=1\)'),
        (dict(label=np.arange(N) / 2), {}, r'label.astype\(int\)'),
        ({}, dict(label='target'), "no array 'target'"),
        ({}, dict(filter_cfg=dict(split='val')), "split has 'test', 'train'"),
        ({}, dict(filter_cfg=dict(fold=1)), r"'fold'.*\['series_length', 's"),
        ({}, dict(modalities=['label']), "cannot be called 'label'"),
        ({}, dict(modalities='vector'), r"modalities=\['vector', ...\]"),
    ],
)
def test_refuses(make, changes, options, message):
    with pytest.raises(ConfigError, match=f'(?s){message}'):
        make(changes, **options)


def test_as_many_indices_as_samples_are_all(make):
    assert len(make(indices=N)) == len(make(indices=-N)) == N


def test_rows_that_are_not_used_may_be_broken(make):
    dataset = make(dict(vector=one_nan(11)), filter_cfg=dict(split='train'))
    assert len(dataset) == 8
    assert len(make(dict(vector=one_nan(1)), check_values=False)) == N


def test_refuses_files_that_are_none(make, tmp_path):
    with pytest.raises(AnnotationError, match='No file'):
        ArrayDataset(str(tmp_path / 'no.npz'), modalities=['a'])
    path = tmp_path / 'text.npz'
    path.write_text('hello')
    with pytest.raises(AnnotationError, match=r'no readable \.npz'):
        ArrayDataset(str(path), modalities=['a'])
    make()
    whole = (tmp_path / 'set.npz').read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AnnotationError, match=r'no readable \.npz'):
        ArrayDataset(str(path), modalities=['vector'])


def test_the_cache_of_the_scoring_pass_takes_it(make, tmp_path):
    dataset = make(modalities=['vector', 'picture'], test_mode=True)
    picture = dataset[4]['inputs']['picture']
    dataset.cache = InputCache(dataset, tmp_path / 'cache')
    for _ in range(2):
        assert torch.equal(dataset[4]['inputs']['picture'], picture)


def test_remix_trains_on_it_without_any_pipeline(tmp_path):
    path = tmp_path / 'own.npz'
    np.savez(path, **content())
    cfg = Config.fromfile(ROOT / 'configs/remix_handwritten_concat.py')
    for name in ('train', 'val', 'test'):
        cfg[f'{name}_dataloader'].batch_size = 4
        cfg[f'{name}_dataloader'].dataset.update(
            data_root=str(tmp_path),
            ann_file='own.npz',
            modalities=['vector', 'picture'],
            filter_cfg=None,
        )
    cfg.model.num_classes = 3
    cfg.model.encoders = dict(
        vector=dict(type='MLP', in_channels=3),
        picture=dict(type='MLP', in_channels=16),
    )
    cfg.train_cfg.max_epochs = 2
    cfg.method_remix.plan.update(warmup_epochs=1, min_share=0.5)
    cfg.work_dir = str(tmp_path / 'work')
    cfg.experiment_name = unique_name('arrays')
    runner = build_runner(cfg)
    runner.train()
    items = runner.train_dataloader.batch_sampler.items
    assert items.counts().tolist() == [6, 6]
    assert (tmp_path / 'work/remix_records.npy').is_file()


def test_masks_reach_the_encoder_in_batches_of_like_lengths(tmp_path):
    np.savez(tmp_path / 'own.npz', **content())
    cfg = Config.fromfile(ROOT / 'configs/joint_handwritten_concat.py')
    for name in ('train', 'val', 'test'):
        cfg[f'{name}_dataloader'].batch_size = 4
        cfg[f'{name}_dataloader'].dataset.update(
            data_root=str(tmp_path),
            ann_file='own.npz',
            modalities=['vector', 'series'],
            padded=['series'],
            filter_cfg=None,
        )
    cfg.train_dataloader.batch_sampler.bucket = 3
    cfg.model.num_classes = 3
    cfg.model.encoders = dict(
        vector=dict(type='MLP', in_channels=3),
        series=dict(type='GRU', in_channels=2, hidden_channels=4),
    )
    cfg.train_cfg.max_epochs = 1
    cfg.work_dir = str(tmp_path / 'work')
    cfg.experiment_name = unique_name('padded')
    runner = build_runner(cfg)
    runner.train()
    loss = runner.message_hub.get_scalar('train/loss').current()
    assert 0 < loss < 100
    loader = runner.train_dataloader
    lengths = loader.dataset.lengths()[:, 1]
    longest = [
        np.ptp(lengths[batch.rows.numpy()])
        for batch in loader.batch_sampler.epoch_plan()
    ]
    assert max(longest) <= 2  # of 1 to 5, in three batches
