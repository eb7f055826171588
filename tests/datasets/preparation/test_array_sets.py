"""Preparing the sets of arrays, from tiny folders of their layouts."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from scipy.io import savemat

from mmremix.datasets import ArrayDataset
from mmremix.datasets.csv_rows import AnnotationError
from mmremix.datasets.preparation.array_set import resample
from mmremix.datasets.preparation.handwritten import VIEWS
from tests.demo_run import ROOT


def run(name, root, out):
    path = ROOT / f'tools/data/prepare_{name}.py'
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.main(['--root', str(root), '--out', str(out)]) == 0
    return np.load(out / f'{name}.npz')


def utd_folder(root):
    generator = np.random.default_rng(0)
    lines = ['clip,label,subject,trial,split,depth,inertial,skeleton']
    for kind in ('depth', 'inertial', 'skeleton'):
        (root / kind).mkdir(parents=True)
    for label, subject in ((0, 1), (26, 2), (3, 3)):
        clip = f'a{label + 1}_s{subject}_t1'
        names = [f'{k}/{clip}.npy' for k in ('depth', 'inertial', 'skeleton')]
        depth = generator.integers(0, 99, (12, 60, 80), dtype=np.uint8)
        np.save(root / names[0], depth)
        np.save(root / names[1], generator.standard_normal((90, 6)))
        np.save(root / names[2], generator.standard_normal((30, 20, 3)))
        lines.append(f'{clip},{label},{subject},1,,{",".join(names)}')
    (root / 'samples.csv').write_text('\n'.join(lines) + '\n')
    return root


def digits_folder(root):
    generator = np.random.default_rng(0)
    lines = ['clip,label,speaker,repetition,split,audio,image']
    (root / 'audio').mkdir(parents=True)
    (root / 'image').mkdir()
    for i, length in enumerate((500, 9000, 3000)):
        sound = generator.integers(-999, 999, length).astype(np.int16)
        np.save(root / f'audio/{i}.npy', sound)
        image = generator.integers(0, 255, (28, 28), dtype=np.uint8)
        np.save(root / f'image/{i}.npy', image)
        split = 'test' if i == 2 else 'train'
        lines.append(f'{i},{i},s{i},0,{split},audio/{i}.npy,image/{i}.npy')
    (root / 'samples.csv').write_text('\n'.join(lines) + '\n')
    return root


def test_utd(tmp_path, capsys):
    root = utd_folder(tmp_path / 'in')
    found = run('utd', root, tmp_path / 'out')
    assert found['depth'].shape == (3, 12, 30, 40)
    assert found['depth'].dtype == np.uint8
    assert found['inertial'].shape == (3, 128, 6)
    skeleton = found['skeleton'].reshape(3, 64, 20, 3)
    assert (skeleton[:, :, 3] == 0).all()  # the hip
    raw = np.load(root / 'skeleton/a4_s3_t1.npy')
    np.testing.assert_allclose(
        skeleton[1, 0], raw[0] - raw[0, 3], rtol=1e-5, atol=1e-6
    )
    assert found['label'].tolist() == [0, 3, 26]
    assert found['split'].tolist() == ['train', 'train', 'test']
    said = capsys.readouterr().out
    assert 'utd.npz' in said
    assert 'split: test 1, train 2' in said
    dataset = ArrayDataset(
        str(tmp_path / 'out/utd.npz'),
        modalities=['depth', 'inertial', 'skeleton'],
        classes='classes',
        filter_cfg=dict(split='train'),
    )
    assert dataset.column('subject').tolist() == [1, 3]
    # The same bytes again.
    before = (tmp_path / 'out/utd.npz').read_bytes()
    run('utd', root, tmp_path / 'out')
    assert (tmp_path / 'out/utd.npz').read_bytes() == before


def test_utd_as_published(tmp_path):
    generator = np.random.default_rng(0)
    root = tmp_path / 'in'
    for kind, key, shape in (
        ('Depth', 'd_depth', (240, 320, 20)),
        ('Inertial', 'd_iner', (90, 6)),
        ('Skeleton', 'd_skel', (20, 3, 30)),
    ):
        (root / kind).mkdir(parents=True)
        value = generator.uniform(1, 3, shape)
        if kind == 'Depth':
            value = np.full(shape, 1600, np.uint16)
            value[:, :160] = 0
        path = root / kind / f'a5_s2_t3_{kind.lower()}.mat'
        savemat(path, {key: value})
    found = run('utd', root, tmp_path / 'out')
    assert found['label'].tolist() == [4]
    assert found['clip'].tolist() == ['a5_s2_t3']
    depth = found['depth'][0]
    assert (depth[:, :, :20] == 0).all()
    assert (depth[:, :, 20:] == 100).all()
    (root / 'Inertial/a5_s2_t3_inertial.mat').unlink()
    with pytest.raises(AnnotationError, match=r'no a5_s2_t3_inertial\.mat'):
        run('utd', root, tmp_path / 'out')


def test_digits(tmp_path):
    root = digits_folder(tmp_path / 'in')
    found = run('digits', root, tmp_path / 'out')
    assert found['waveform_length'].tolist() == [500, 8192, 3000]
    raw = np.load(root / 'audio/1.npy')
    assert (found['waveform'][1] == raw[404 : 404 + 8192]).all()
    assert (found['waveform'][0, 500:] == 0).all()
    spectrogram = found['spectrogram']
    assert spectrogram.shape == (3, 1, 64, 40)
    # Silence around a short recording.
    np.testing.assert_allclose(spectrogram[0, 0, 0], np.log(1e-4), rtol=1e-5)
    assert spectrogram[0, 0, 30:33].mean() > 0
    assert (found['image'][2, 0] == np.load(root / 'image/2.npy')).all()
    assert found['speaker'].tolist() == ['s0', 's1', 's2']


def test_handwritten(tmp_path):
    generator = np.random.default_rng(0)
    root = tmp_path / 'in'
    root.mkdir()
    train = np.arange(40) % 5 > 0
    views = {n: generator.uniform(0, 9, (40, s)) for n, s in VIEWS.items()}
    views['pix'][:, 0] = 3  # always the same
    label = np.arange(40) % 10
    np.savez(root / 'views.npz', label=label, train=train, **views)
    found = run('handwritten', root, tmp_path / 'out')
    assert (found['split'] == np.where(train, 'train', 'test')).all()
    for name, size in VIEWS.items():
        rows = found[name][train]
        assert rows.shape == (32, size)
        np.testing.assert_allclose(rows.mean(0), 0, atol=1e-5)
        std = np.r_[0, np.ones(size - 1)] if name == 'pix' else np.ones(size)
        np.testing.assert_allclose(rows.std(0), std, atol=1e-5)


def test_handwritten_as_published(tmp_path):
    root = tmp_path / 'in'
    root.mkdir()
    for name, size in VIEWS.items():
        rows = np.random.default_rng(0).integers(0, 9, (2000, size))
        np.savetxt(root / f'mfeat-{name}', rows, fmt='%d')
    found = run('handwritten', root, tmp_path / 'out')
    train = found['split'] == 'train'
    assert np.bincount(found['label'][train]).tolist() == [160] * 10
    assert np.bincount(found['label'][~train]).tolist() == [40] * 10
    (root / 'mfeat-zer').write_text('1 2 3\n')
    with pytest.raises(AnnotationError, match='mfeat-zer: numbers of shape'):
        run('handwritten', root, tmp_path / 'out')
    (root / 'mfeat-zer').unlink()
    with pytest.raises(AnnotationError, match='mfeat-zer: not there'):
        run('handwritten', root, tmp_path / 'out')


@pytest.mark.parametrize(
    ('name', 'file', 'value', 'message'),
    [
        ('utd', 'depth/a1_s1_t1.npy', np.zeros((1, 2)), r'needed, got.*\(1'),
        ('utd', 'inertial/a1_s1_t1.npy', np.full((9, 6), np.nan), 'NaN'),
        ('utd', 'skeleton/a1_s1_t1.npy', None, 'cannot be read'),
        ('utd', 'samples.csv', 'clip,label\na,1\n', 'no column'),
        ('digits', 'audio/1.npy', np.zeros(0, np.int16), 'shape'),
        ('digits', 'image/1.npy', b'broken', 'cannot be read'),
        ('digits', 'samples.csv', None, 'No such file|no annotation|No '),
    ],
)
def test_refuses_broken_input(tmp_path, name, file, value, message):
    folder = {'utd': utd_folder, 'digits': digits_folder}[name]
    root = folder(tmp_path / 'in')
    (root / file).unlink()
    if isinstance(value, np.ndarray):
        np.save(root / file, value)
    elif value is not None:
        data = value.encode() if isinstance(value, str) else value
        (root / file).write_bytes(data)
    with pytest.raises((AnnotationError, OSError), match=message):
        run(name, root, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_resample_keeps_the_ends():
    series = np.arange(10.0)[:, None] * [1, 2]
    found = resample(series, 19)
    np.testing.assert_allclose(found[:, 0], np.arange(19) / 2)
    assert resample(series[:1], 4).tolist() == [[0, 0]] * 4
