"""Images, sound and the picture of clips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from mmremix.datasets.media.frame_folder import decode_image, read_image
from mmremix.datasets.readers.base import Reader, check_numbers
from mmremix.datasets.transforms.decode_audio import DecodeAudio
from mmremix.datasets.transforms.decode_video import DecodeVideo
from mmremix.registry import READERS
from mmremix.utils.errors import ConfigError


class _Pictures(Reader):
    """What the readers of pictures share.

    Args:
        size: Height and width.
    """

    def __init__(self, size: Sequence[int] | None) -> None:
        if size is not None and (len(size) != 2 or min(size) < 1):
            raise ConfigError(
                f'size must be (height, width), got {size!r}. Write: '
                'size=(64, 64)'
            )
        self.size = size

    def resized(self, image: np.ndarray) -> np.ndarray:
        """(H, W, 3) in the size that is asked for."""
        if self.size is None or tuple(image.shape[:2]) == tuple(self.size):
            return image
        height, width = self.size
        shrinks = height * width < image.shape[0] * image.shape[1]
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        return cv2.resize(image, (width, height), interpolation=how)


@READERS.register_module('image')
class ImageReader(_Pictures):
    """An image file, in colour.

    The transforms of a modality find it as MMAction2's do, a list ``imgs``.

    Example::

        modalities = dict(photo=dict(reader='image', size=(64, 64)))

    Args:
        size: Height and width to resize to. Left out, all images must have
            one size.
    """

    def __init__(self, size: Sequence[int] | None = None) -> None:
        super().__init__(size)

    def read(self, cell: Any) -> np.ndarray:
        """uint8 RGB ``(3, H, W)``, of a file or its content."""
        if isinstance(cell, bytes):
            image = decode_image(cell, 'an image of the table')
        else:
            image = read_image(cell)
        return np.ascontiguousarray(self.resized(image).transpose(2, 0, 1))

    def keys(self, value: np.ndarray) -> dict[str, Any]:
        """For MMAction2's transforms."""
        return _as_images(value[None])


@READERS.register_module('video')
class VideoReader(_Pictures):
    """Frames of a clip, or of a folder of images.

    The transforms of a modality find them as MMAction2's do, ``imgs``.

    Example::

        modalities = dict(
            video=dict(reader='video', column='clip', num_frames=3,
                       size=(112, 112)))

    Args:
        num_frames: Frames of a sample, one of each equal part of the clip;
            at random in training, else in the middle.
        size: Height and width to resize to.
    """

    reads_packed = True

    def __init__(
        self, num_frames: int = 1, size: Sequence[int] | None = None
    ) -> None:
        super().__init__(size)
        self.num_frames = num_frames
        DecodeVideo(num_frames)  # checks it

    def read(self, cell: Any) -> np.ndarray:
        """uint8 RGB ``(num_frames, 3, H, W)``."""
        sampling = 'random' if self.training else 'middle'
        found = DecodeVideo(self.num_frames, sampling).transform(
            {'clip': cell}
        )
        images = np.stack([self.resized(image) for image in found['imgs']])
        return np.ascontiguousarray(images.transpose(0, 3, 1, 2))

    def keys(self, value: np.ndarray) -> dict[str, Any]:
        """For MMAction2's transforms."""
        return _as_images(value)


@READERS.register_module('sound')
class SoundReader(Reader):
    """The sound of a clip, a WAV or another sound file, or a ``.npy``.

    The transforms of a modality find it as ``waveform``.

    Example::

        modalities = dict(audio=dict(
            reader='sound', column='clip', sample_rate=16000, length=32000,
            transforms=[dict(type='LogSTFT')], output='spectrogram'))

    Args:
        sample_rate: Samples per second to resample to. Left out, that of the
            file.
        npy_sample_rate: Samples per second of ``.npy`` files.
    """

    reads_packed = True

    def __init__(
        self,
        sample_rate: int | None = None,
        npy_sample_rate: int | None = None,
    ) -> None:
        self._decode = DecodeAudio(
            sample_rate, npy_sample_rate=npy_sample_rate
        )
        self.npy_sample_rate = npy_sample_rate
        self._rate = sample_rate

    def read(self, cell: Any) -> np.ndarray:
        """float32 ``(T,)``, the mean of all channels."""
        found = self._decode.transform({'clip': cell})
        self._rate = found['sample_rate']
        return check_numbers(found['waveform'], cell)

    def keys(self, value: np.ndarray) -> dict[str, Any]:
        """For :class:`~mmremix.datasets.LogSTFT` and the like."""
        return {'waveform': value, 'sample_rate': self._rate}


def _as_images(value: np.ndarray) -> dict[str, Any]:
    images = [
        np.ascontiguousarray(frame.transpose(1, 2, 0)) for frame in value
    ]
    size = images[0].shape[:2]
    return {
        'imgs': images,
        'img_shape': size,
        'original_shape': size,
        'modality': 'RGB',
        'num_clips': len(images),
        'clip_len': 1,
    }
