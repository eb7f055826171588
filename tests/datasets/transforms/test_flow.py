from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from mmremix.datasets import AVDataset, Flow, RemixIndex, multimodal_collate
from mmremix.datasets.media import BrokenMediaError
from mmremix.datasets.packing import PackJob, PackOptions
from mmremix.datasets.packing.array_packer import pack_array
from mmremix.datasets.transforms.flow import optical_flow
from mmremix.models import AVRecognizer
from tests.datasets.media_files import write_clip

SHIFT = (3, -2)  # pixels to the right and down, from image to image


@pytest.fixture(scope='module')
def moving(tmp_path_factory):
    """A folder of images of a texture that moves evenly."""
    folder = tmp_path_factory.mktemp('flow') / 'moving'
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (160, 160, 3), np.uint8)
    texture = cv2.GaussianBlur(noise, (0, 0), 2.5)
    texture = cv2.normalize(texture, None, 0, 255, cv2.NORM_MINMAX)
    for i in range(10):
        x, y = 40 - SHIFT[0] * i, 40 - SHIFT[1] * i
        image = texture[y : y + 80, x : x + 96]
        cv2.imwrite(str(folder / f'{i:02}.png'), image)
    return str(folder)


def run(path, seed=0, start=None, end=None, **options):
    np.random.seed(seed)
    options = {'frame_rate': 25.0, 'scale': 'pixels', **options}
    info = {'clip': path}
    info.update({'start': start} if start is not None else {})
    info.update({'end': end} if end is not None else {})
    return Flow(**options)(info)['flow']


@pytest.mark.parametrize('method', ['dis', 'farneback'])
def test_known_translation(moving, method):
    flow = run(moving, method=method, num_pairs=2)
    assert flow.shape == (4, 80, 96)
    assert flow.dtype == np.float32
    inner = flow[:, 16:-16, 16:-16]
    for channel, expected in enumerate([*SHIFT, *SHIFT]):
        error = np.abs(inner[channel] - expected)
        assert np.median(error) < 0.25
        assert np.quantile(error, 0.95) < 0.5


def test_flip_negates_the_horizontal_part(moving):
    plain = run(moving, sampling='middle')
    flipped = run(moving, sampling='middle', flip_ratio=1.0)
    np.testing.assert_array_equal(flipped[0], -plain[0][:, ::-1])
    np.testing.assert_array_equal(flipped[1], plain[1][:, ::-1])
    # As of a mirrored clip, up to the method's own error.
    assert np.median(flipped[0]) == pytest.approx(-SHIFT[0], abs=0.3)


def test_flips_as_often_as_asked(moving):
    signs = [
        np.median(run(moving, seed, flip_ratio=0.5)[0]) > 0
        for seed in range(30)
    ]
    assert 5 < sum(signs) < 25


def test_difference(moving):
    first = cv2.imread(f'{moving}/04.png', cv2.IMREAD_GRAYSCALE).astype(int)
    second = cv2.imread(f'{moving}/05.png', cv2.IMREAD_GRAYSCALE)
    flow = run(moving, method='difference', sampling='middle', bound=255)
    assert flow.shape == (1, 80, 96)
    assert np.abs(flow[0] - (second - first)).max() <= 2  # rounding of grey
    flipped = run(
        moving,
        method='difference',
        sampling='middle',
        bound=255,
        flip_ratio=1,
    )
    np.testing.assert_array_equal(flipped, flow[..., ::-1])


def test_gap(moving):
    flow = run(moving, gap=0.08, sampling='middle')
    assert np.median(flow[0]) == pytest.approx(2 * SHIFT[0], abs=0.5)


def test_scales_and_bound(moving):
    pixels = run(moving, sampling='middle', bound=2.0)
    assert pixels.max() == 2.0
    assert pixels.min() == -2.0
    unit = run(moving, sampling='middle', bound=2.0, scale='unit')
    np.testing.assert_allclose(unit, pixels / 2, rtol=1e-6)
    byte = run(moving, sampling='middle', bound=2.0, scale='byte')
    np.testing.assert_allclose(byte, 127.5 + 127.5 * unit, rtol=1e-5)


def test_segment(tmp_path):
    clip = write_clip(tmp_path / 'a.mp4', seconds=2)
    info = {'clip': clip, 'start': 0.5, 'end': 0.9}
    for seed in range(20):
        np.random.seed(seed)
        times = Flow(num_pairs=3)(dict(info))['frame_times']
        assert 0.5 <= times[0] < times[1] < times[2] < 0.9 - 0.04
    with pytest.raises(BrokenMediaError, match=r'not longer than\s+gap=0.5'):
        Flow(gap=0.5)(dict(info))


def test_the_same_seed_gives_the_same(moving):
    options = dict(num_pairs=2, crop_size=64, flip_ratio=0.5)
    one, two = (run(moving, 3, **options) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, run(moving, 4, **options))


def test_size_and_crop(moving):
    flow = run(moving, size=(40, 48), crop_size=32, sampling='middle')
    assert flow.shape == (2, 32, 32)
    assert np.median(flow[0]) == pytest.approx(SHIFT[0] / 2, abs=0.3)
    with pytest.raises(ValueError, match='crop_size=90 is larger'):
        run(moving, crop_size=90)


def test_packed_flow_is_read(moving, tmp_path, monkeypatch):
    path = str(tmp_path / 'a.mmpk')
    options = PackOptions(modalities=['video'], frame_rate=25.0, flow='dis')
    pack_array(PackJob(moving), options, path)
    expected = run(moving, num_pairs=3)
    computed = []

    def counting(*args):
        computed.append(args)
        return optical_flow(*args)

    monkeypatch.setattr(
        'mmremix.datasets.transforms.flow.optical_flow', counting
    )
    stored = run(path, num_pairs=3)
    assert not computed
    # 127 steps to the bound of 20 pixels.
    assert np.abs(stored - expected).max() <= 10 / 127 + 1e-4
    # Others than what was packed are computed, from the packed frames.
    for change in (dict(gap=0.08), dict(method='farneback'), dict(bound=9)):
        again = run(path, num_pairs=3, **change)
        np.testing.assert_array_equal(
            again, run(moving, num_pairs=3, **change)
        )
    assert len(computed) == 3 * 2 * 3


def test_a_third_modality_of_one_clip(tmp_path):
    for name in ('a', 'b'):
        (tmp_path / name).mkdir()
        for i in range(2):
            write_clip(tmp_path / name / f'{i}.mp4', seconds=1)

    def part(modality, output, *transforms):
        return dict(
            type='ForModality',
            modality=modality,
            output=output,
            transforms=list(transforms),
        )

    dataset = AVDataset(
        data_root=str(tmp_path),
        modalities=['video', 'audio', 'flow'],
        pipeline=[
            part(
                *('video', 'imgs'),
                dict(type='DecodeVideo', num_frames=2),
                dict(type='mmaction.FormatShape', input_format='NCHW'),
            ),
            part(
                *('audio', 'spectrogram'),
                dict(type='DecodeAudio', duration=0.5),
                dict(type='LogSTFT', n_fft=256, hop_length=200),
            ),
            part(
                *('flow', 'flow'),
                dict(type='Flow', num_pairs=2, crop_size=40, flip_ratio=0.5),
            ),
            dict(type='PackAVInputs'),
        ],
    )
    encoder = dict(type='ResNet', base_channels=4)
    model = AVRecognizer(
        encoders=dict(
            video=encoder,
            audio=dict(encoder, in_channels=1),
            flow=dict(encoder, in_channels=4),
        ),
        fusion=dict(type='ConcatFusionHead'),
        num_classes=2,
        data_preprocessor=dict(type='AVDataPreprocessor'),
    )

    def step(active=None):
        batch = [dataset[RemixIndex(i, active, i)] for i in range(4)]
        data = model.data_preprocessor(multimodal_collate(batch), True)
        return model(**data, mode='loss')

    losses = step()
    assert list(losses) == [
        *('loss_fusion', 'loss_video', 'loss_audio', 'loss_flow')
    ]
    sum(losses.values()).backward()
    weight = model.encoders['flow'].backbone.stem[0].weight
    assert torch.isfinite(weight.grad).all()
    assert weight.grad.abs().sum() > 0
    assert list(step(('flow',))) == ['loss_fusion', 'loss_flow']


@pytest.mark.parametrize(
    ('wrong', 'message'),
    [
        (dict(method='raft'), "method='raft'"),
        (dict(num_pairs=0), 'num_pairs=0'),
        (dict(flip_ratio=2), 'flip_ratio=2'),
        (dict(size=(3,)), 'give .height, width.'),
        (dict(gap=0), 'gap=0'),
        (dict(scale='log'), "scale='log'"),
    ],
)
def test_wrong_arguments(wrong, message):
    with pytest.raises(ValueError, match=message):
        Flow(**wrong)


def test_repr():
    assert repr(Flow(gap=0.1)).startswith("Flow(num_pairs=1, method='dis'")
