from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from mmremix.registry import DATASETS
from mmremix.visualization.contact_sheet import contact_sheet
from mmremix.visualization.sample_view import (
    SampleView,
    to_pictures,
    view_samples,
)
from tests.tool_run import run_tool


@pytest.fixture
def dataset(tiny_config):
    return DATASETS.build(tiny_config().train_dataloader.dataset)


def test_view_is_what_the_pipeline_makes(dataset):
    before = dataset.pipeline.transforms[0].transforms
    view, other = view_samples(dataset, [3, 5], seed=7)
    info = dataset.get_data_info(3)
    name = dataset.metainfo['classes'][info['label']]
    assert view.info[0].startswith('#3  clips/train_')
    assert view.info[1] == f'label {info["label"]}: {name}'
    assert view.info[-1] == 'active: video, audio'
    pictures = view.pictures['video']
    assert [p.shape for p in pictures] == [(56, 56, 3)] * 2
    samples, rate = view.waveform
    assert (len(samples), rate) == (14400, 16000)
    # The waveform is the one that the spectrogram was made of.
    spectrum = torch.stft(
        torch.from_numpy(samples),
        *(256, 200),
        window=torch.hann_window(256),
        return_complex=True,
    )
    expected = torch.log(spectrum.abs() + 1e-7).numpy()
    np.testing.assert_allclose(view.spectrogram, expected, atol=1e-3)
    assert not np.array_equal(samples, other.waveform[0])
    assert dataset.pipeline.transforms[0].transforms is before


def test_the_seed_decides_the_augmentation(dataset):
    first, again, other = (
        view_samples(dataset, [2], seed)[0].pictures['video'][0]
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_masked_modalities_are_not_loaded(dataset, tmp_path):
    views = view_samples(dataset, [0], active=('audio',))
    assert views[0].pictures == {}
    assert views[0].info[-1] == 'active: audio'
    views += view_samples(dataset, [1], active=('video',))
    assert views[1].waveform is None
    contact_sheet(views, str(tmp_path / 'a.png'))
    assert cv2.imread(str(tmp_path / 'a.png')).shape[1] > 500


def test_no_such_sample(dataset):
    with pytest.raises(IndexError, match='no sample 99: the data set has 26'):
        view_samples(dataset, [99])
    with pytest.raises(ValueError, match='No samples'):
        contact_sheet([], 'a.png')


@pytest.mark.parametrize(
    ('shape', 'pictures'),
    [
        ((2, 3, 5, 7), [(5, 7, 3)] * 2),  # frames
        ((8, 5, 7), [(5, 7)] * 8),  # stacked grey frames, flow
        ((3, 5, 7), [(5, 7)] * 3),
        ((1, 3, 4, 5, 7), [(5, 7, 3)] * 4),  # NCTHW
        ((5, 7), [(5, 7)]),
    ],
)
def test_pictures_of_all_layouts(shape, pictures):
    value = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    found = to_pictures(value)
    assert [p.shape for p in found] == pictures
    if len(shape) == 4:
        np.testing.assert_array_equal(found[1], value[1].transpose(1, 2, 0))
    elif len(shape) == 3:
        np.testing.assert_array_equal(found[-1], value[-1])


def test_pictures_are_made_visible():
    image = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
    norm = {'mean': [10.0, 20.0, 30.0], 'std': [2.0, 4.0, 5.0]}
    shape = (3, 1, 1)
    normed = image - np.reshape(norm['mean'], shape)
    normed = normed / np.reshape(norm['std'], shape)
    found = to_pictures(normed, norm)
    np.testing.assert_array_equal(found[0], image[0].transpose(1, 2, 0))
    flow = np.array([[[-0.5, 0.0, 0.5]]])
    np.testing.assert_array_equal(to_pictures(flow)[0], [[0, 128, 255]])


def test_sheet_shows_pictures_in_place(tmp_path):
    red = np.zeros((20, 20, 3), np.uint8)
    red[..., 0] = 255
    view = SampleView(['#0  $a_b$.mp4'], {'video': [red, red[..., ::-1]]})
    contact_sheet([view, view], str(tmp_path / 'a.png'))
    image = cv2.imread(str(tmp_path / 'a.png'))  # BGR
    is_red = (image == (0, 0, 255)).all(axis=2)
    is_blue = (image == (255, 0, 0)).all(axis=2)
    columns = [np.flatnonzero(mask.any(axis=0)) for mask in (is_red, is_blue)]
    assert columns[0].max() < columns[1].min()
    rows = np.flatnonzero(is_red.any(axis=1))
    assert np.diff(rows).max() > 10  # two samples, apart


def test_tool(demo_root, tmp_path):
    out = tmp_path / 'a.png'
    done = run_tool(
        'tools/visualizations/browse_dataset.py',
        *('configs/joint_demo_concat.py', '--split', 'val'),
        *('--indices', '1', '4', '--out', str(out), '--cfg-options'),
        f'val_dataloader.dataset.data_root={demo_root}',
    )
    assert done.returncode == 0, done.stderr
    assert cv2.imread(str(out)).shape[0] > 300
