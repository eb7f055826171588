from __future__ import annotations

import cv2
import numpy as np
import pytest

from mmremix.datasets.media import BrokenMediaError, FrameFolder
from tests.datasets.media_files import coded_frame, frame_number


def write_folder(path, names):
    """Images whose frame number is the place of their name."""
    path.mkdir()
    for number, name in enumerate(names):
        bgr = cv2.cvtColor(coded_frame(number), cv2.COLOR_RGB2BGR)
        assert cv2.imwrite(str(path / name), bgr)
    return str(path)


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'bmp', 'JPG'])
def test_frames_in_natural_order(tmp_path, suffix):
    names = [f'frame_{number}.{suffix}' for number in range(1, 13)]
    path = write_folder(tmp_path / 'clip', names)
    (tmp_path / 'clip' / 'notes.txt').write_text('no image')
    (tmp_path / 'clip' / f'.hidden.{suffix}').write_text('no image')
    with FrameFolder(path) as clip:
        assert clip.span == (0, 12)
        images = clip.frames_at([11.9, 0.0, 4.5, 9.999, 10.0, 99, -1])
    assert [frame_number(image) for image in images] == [
        *(11, 0, 4, 9, 10),
        *(11, 0),
    ]
    assert images[0].shape == (48, 64, 3)
    assert images[0].dtype == np.uint8


def test_names_with_digits_of_other_kinds(tmp_path):
    names = ['²1.png', '²2.png', '²10.png', '٣.png']
    path = write_folder(tmp_path / 'clip', names)
    with FrameFolder(path) as clip:
        images = clip.frames_at(range(4))
    assert [frame_number(image) for image in images] == [0, 1, 2, 3]


def test_frame_rate(tmp_path):
    path = write_folder(tmp_path / 'c', [f'{i:05}.png' for i in range(30)])
    with FrameFolder(path, frame_rate=10) as clip:
        assert clip.span == (0, 3)
        assert clip.segment(1, 3.2) == (1, 3)
        times = [number / 10 for number in range(30)]
        images = clip.frames_at(times)
        with pytest.raises(BrokenMediaError, match='starts after the end'):
            clip.segment(3.0, 3.1)
    assert [frame_number(image) for image in images] == list(range(30))


def test_segment_needs_a_frame_rate(tmp_path):
    path = write_folder(tmp_path / 'c', ['0.png'])
    with FrameFolder(path) as clip:
        assert clip.segment(None, None) == (0, 1)
        with pytest.raises(ValueError, match=r"'DecodeVideo', frame_rate="):
            clip.segment(0.0, 0.5)


@pytest.mark.parametrize('rate', [0, -25])
def test_frame_rate_must_be_positive(rate):
    with pytest.raises(ValueError, match='must be positive'):
        FrameFolder('clip', rate)


def test_no_images(tmp_path):
    with (
        pytest.raises(BrokenMediaError, match='folder without images'),
        FrameFolder(str(tmp_path)),
    ):
        pass
    with (
        pytest.raises(BrokenMediaError, match='no readable folder'),
        FrameFolder(str(tmp_path / 'missing')),
    ):
        pass


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'bmp'])
@pytest.mark.parametrize('share', [0.0, 0.5, 0.95])
def test_image_cut_off(tmp_path, suffix, share):
    path = write_folder(tmp_path / 'c', [f'{i}.{suffix}' for i in range(3)])
    file = tmp_path / 'c' / f'1.{suffix}'
    data = file.read_bytes()
    file.write_bytes(data[: int(share * len(data))])
    with FrameFolder(path) as clip:
        assert len(clip.frames_at([0, 2])) == 2
        with pytest.raises(BrokenMediaError, match=rf'1\.{suffix}: '):
            clip.frames_at([1])


def test_git_lfs_pointer(tmp_path):
    path = write_folder(tmp_path / 'c', ['0.jpg'])
    (tmp_path / 'c' / '0.jpg').write_bytes(
        b'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n'
    )
    with (
        FrameFolder(path) as clip,
        pytest.raises(BrokenMediaError, match=r'0\.jpg: a Git LFS pointer'),
    ):
        clip.frames_at([0])
