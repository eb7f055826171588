from __future__ import annotations

import copy
import pickle

import cv2
import mmaction.datasets  # noqa: F401
import numpy as np
import pytest
from mmengine.registry import TRANSFORMS as ROOT

from mmremix.datasets.media import BrokenMediaError
from mmremix.datasets.transforms import DecodeVideo
from mmremix.registry import TRANSFORMS
from tests.datasets.media_files import (
    coded_frame,
    frame_number,
    write_clip,
)


@pytest.fixture(scope='module')
def clip(tmp_path_factory):
    return write_clip(
        tmp_path_factory.mktemp('clips') / 'a.mp4', seconds=4, size=(96, 64)
    )


def decoded(results):
    return [frame_number(image) for image in results['imgs']]


def test_middle_of_equal_parts(clip):
    results = DecodeVideo(4, 'middle').transform({'clip': clip})
    assert results['frame_times'] == pytest.approx([0.5, 1.5, 2.5, 3.5])
    assert decoded(results) == [12, 37, 62, 87]
    assert results['original_shape'] == results['img_shape'] == (64, 96)
    assert results['num_clips'] == 4
    assert results['clip_len'] == 1
    assert results['modality'] == 'RGB'
    assert all(image.dtype == np.uint8 for image in results['imgs'])


def test_middle_of_a_segment(clip):
    sample = {'clip': clip, 'start': 1.0, 'end': 1.4}
    results = DecodeVideo(2, 'middle').transform(dict(sample))
    assert results['frame_times'] == pytest.approx([1.1, 1.3])
    assert decoded(results) == [27, 32]
    assert {key: results[key] for key in sample} == sample
    # From somewhere to the end, and from the start to somewhere.
    open_end = {'clip': clip, 'start': 3.0, 'end': None}
    assert decoded(DecodeVideo(1, 'middle').transform(open_end)) == [87]
    open_start = {'clip': clip, 'end': 1.0}
    assert decoded(DecodeVideo(1, 'middle').transform(open_start)) == [12]


def test_random_times_cover_their_parts(clip):
    np.random.seed(0)
    transform = DecodeVideo(2, 'random')
    times = np.array(
        [
            transform.transform({'clip': clip, 'start': 1.0, 'end': 3.0})[
                'frame_times'
            ]
            for _ in range(60)
        ]
    )
    assert times[:, 0].min() >= 1 and times[:, 0].max() < 2
    assert times[:, 1].min() >= 2 and times[:, 1].max() < 3
    assert (times.max(axis=0) - times.min(axis=0) > 0.85).all()


def test_random_times_follow_the_global_seed(clip):
    transform = DecodeVideo(3)
    runs = []
    for seed in (3, 3, 4):
        np.random.seed(seed)
        runs.append(transform.transform({'clip': clip}))
    assert runs[0]['frame_times'] == runs[1]['frame_times']
    assert runs[0]['frame_times'] != runs[2]['frame_times']
    for one, two in zip(runs[0]['imgs'], runs[1]['imgs'], strict=True):
        assert np.array_equal(one, two)


def test_more_frames_than_there_are(clip):
    sample = {'clip': clip, 'start': 1.0, 'end': 1.08}
    results = DecodeVideo(4, 'middle').transform(sample)
    assert decoded(results) == [25, 25, 26, 26]


def test_with_the_image_transforms_of_mmaction(clip):
    np.random.seed(1)
    pipeline = [
        dict(type='DecodeVideo', num_frames=3),
        dict(type='mmaction.RandomResizedCrop'),
        dict(type='mmaction.Resize', scale=(40, 32), keep_ratio=False),
        dict(type='mmaction.Flip', flip_ratio=0.5),
        dict(type='mmaction.FormatShape', input_format='NCHW'),
    ]
    given = copy.deepcopy(pipeline)
    results = {'clip': clip}
    for transform in pipeline:
        results = TRANSFORMS.build(transform)(results)
    assert pipeline == given
    assert results['imgs'].shape == (3, 3, 32, 40)
    assert results['imgs'].dtype == np.uint8


def test_evaluation_pipeline_keeps_the_picture(clip):
    results = {'clip': clip}
    for transform in [
        dict(type='DecodeVideo', num_frames=2, sampling='middle'),
        dict(type='mmaction.Resize', scale=(-1, 128)),
        dict(type='mmaction.CenterCrop', crop_size=(192, 128)),
        dict(type='mmaction.FormatShape', input_format='NCHW'),
    ]:
        results = TRANSFORMS.build(transform)(results)
    assert results['imgs'].shape == (2, 3, 128, 192)
    frames = results['imgs'].transpose(0, 2, 3, 1)
    assert [frame_number(frame) for frame in frames] == [25, 75]


def test_flip_in_place_hits_each_frame_once(clip):
    # All three times fall into one frame.
    results = {'clip': clip, 'start': 1.001, 'end': 1.039}
    for transform in [
        dict(type='DecodeVideo', num_frames=3, sampling='middle'),
        dict(type='mmaction.Flip', flip_ratio=1.0),
    ]:
        results = TRANSFORMS.build(transform)(results)
    for image in results['imgs']:
        assert frame_number(image[:, ::-1]) == 25


def write_folder(path, count):
    path.mkdir()
    for number in range(count):
        bgr = cv2.cvtColor(coded_frame(number), cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(path / f'frame_{number + 1}.png'), bgr)
    return str(path)


def test_image_folder(tmp_path):
    folder = write_folder(tmp_path / 'c', 12)
    results = DecodeVideo(3, 'middle').transform({'clip': folder})
    assert decoded(results) == [2, 6, 10]
    assert results['frame_times'] == pytest.approx([2, 6, 10])
    timed = DecodeVideo(2, 'middle', frame_rate=4)
    sample = {'clip': folder, 'start': 1.0, 'end': 2.0}
    results = timed.transform(sample)
    assert results['frame_times'] == pytest.approx([1.25, 1.75])
    assert decoded(results) == [5, 7]


def test_segment_of_an_image_folder_needs_the_rate(tmp_path):
    folder = write_folder(tmp_path / 'c', 2)
    with pytest.raises(ValueError, match='frame_rate='):
        DecodeVideo().transform({'clip': folder, 'start': 0.0, 'end': 0.4})


def test_broken_clips(tmp_path, clip):
    silent = write_clip(tmp_path / 'a.mp4', with_video=False)
    with pytest.raises(BrokenMediaError, match=r'a\.mp4: has no video stream'):
        DecodeVideo().transform({'clip': silent})
    with pytest.raises(
        BrokenMediaError, match=r'4\.000-5\.000 s starts after'
    ):
        DecodeVideo().transform({'clip': clip, 'start': 4.0, 'end': 5.0})


def test_no_sound_is_needed(tmp_path):
    path = write_clip(tmp_path / 'a.mp4', with_audio=False)
    results = DecodeVideo(1, 'middle').transform({'clip': path})
    assert decoded(results) == [25]


@pytest.mark.parametrize(
    'options, message',
    [
        ({'num_frames': 0}, 'num_frames=0: must be positive'),
        ({'sampling': 'uniform'}, "sampling='uniform': choose from"),
        ({'frame_rate': -1}, 'frame_rate=-1: must be positive'),
    ],
)
def test_wrong_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        DecodeVideo(**options)


def test_goes_to_a_worker(clip):
    transform = pickle.loads(pickle.dumps(DecodeVideo(1, 'middle')))
    assert decoded(transform.transform({'clip': clip})) == [50]
    assert repr(transform) == (
        "DecodeVideo(num_frames=1, sampling='middle', frame_rate=None)"
    )


def test_registered_for_mmengine_with_scope():
    built = ROOT.build(dict(type='mmremix.DecodeVideo', num_frames=2))
    assert isinstance(built, DecodeVideo)
