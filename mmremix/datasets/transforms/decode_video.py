"""Frames of a clip."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmremix.datasets.bases import BaseTransform
from mmremix.datasets.media import open_video
from mmremix.datasets.transforms.arguments import check_choice, check_positive
from mmremix.datasets.transforms.lengths import report_length
from mmremix.registry import TRANSFORMS


@TRANSFORMS.register_module()
class DecodeVideo(BaseTransform):
    """Decode some frames of a clip's segment, and no sound.

    The segment is cut into ``num_frames`` equal parts and one frame is taken
    from each (the sparse sampling of TSN, arXiv 1608.00859): at a random
    time for training, in the middle for evaluation. Parts shorter than a
    frame give frames twice.

    Required keys: ``clip`` (a media file or a folder of images), ``start``
    and ``end`` (both optional, seconds).

    Added keys: ``imgs`` (list of uint8 RGB (H, W, 3)), ``original_shape``,
    ``img_shape``, ``modality`` (``'RGB'``), ``num_clips``, ``clip_len``,
    ``frame_times``: what the image transforms of MMAction2 read.

    Example::

        train_pipeline = [
            dict(type='ForModality', modality='video', output='imgs',
                 transforms=[
                     dict(type='DecodeVideo', num_frames=2),
                     dict(type='mmaction.RandomResizedCrop'),
                     dict(type='mmaction.Resize', scale=(224, 224),
                          keep_ratio=False),
                     dict(type='mmaction.Flip'),
                     dict(type='mmaction.FormatShape',
                          input_format='NCHW')]),
            ...]

    Args:
        num_frames: Frames per sample.
        sampling: ``'random'`` or ``'middle'``.
        frame_rate: Frames per second of image folders. Needed if samples
            have a segment in seconds; else ``frame_times`` of folders are
            positions. Media files know their own times.

    Raises:
        BrokenMediaError: If the clip has no video or cannot be decoded, or
            the segment is not inside it (see
            :func:`~mmremix.datasets.media.segment.clamp_segment`).
        ValueError: On wrong arguments, or a segment of a folder without
            ``frame_rate``.
    """

    def __init__(
        self,
        num_frames: int = 1,
        sampling: str = 'random',
        frame_rate: float | None = None,
    ) -> None:
        check_positive('num_frames', num_frames, none=False)
        check_positive('frame_rate', frame_rate)
        self.num_frames = num_frames
        self.sampling = check_choice(
            'sampling', sampling, ('random', 'middle')
        )
        self.frame_rate = frame_rate

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        with open_video(results['clip'], self.frame_rate) as clip:
            start, end = clip.segment(results.get('start'), results.get('end'))
            times = self._times(start, end)
            images = clip.frames_at(times)
            rate = clip.frame_rate or self.frame_rate
        if rate:
            # More than there are: a frame comes several times.
            there = min(max(1, round((end - start) * rate)), self.num_frames)
            report_length(
                self,
                'num_frames',
                there,
                unit=None,
                filled='the same frames again (padding)',
            )
        height_width = images[0].shape[:2]
        results.update(
            imgs=images,
            original_shape=height_width,
            img_shape=height_width,
            modality='RGB',
            num_clips=self.num_frames,
            clip_len=1,
            frame_times=times,
        )
        return results

    def _times(self, start: float, end: float) -> list[float]:
        if self.sampling == 'random':
            inside = np.random.random_sample(self.num_frames)
        else:
            inside = np.full(self.num_frames, 0.5)
        parts = np.arange(self.num_frames) + inside
        times = start + parts * ((end - start) / self.num_frames)
        return [float(time) for time in times]

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(num_frames={self.num_frames}, '
            f"sampling='{self.sampling}', frame_rate={self.frame_rate})"
        )
