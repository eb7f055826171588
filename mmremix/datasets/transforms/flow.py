"""Optical flow of a clip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from mmremix.datasets.bases import BaseTransform
from mmremix.datasets.media import BrokenMediaError, open_video
from mmremix.datasets.media.packed import PackedVideo
from mmremix.datasets.transforms.arguments import check_choice, check_positive
from mmremix.registry import TRANSFORMS

_METHODS = ('dis', 'farneback', 'difference')
_SCALES = ('unit', 'byte', 'pixels')


@TRANSFORMS.register_module()
class Flow(BaseTransform):
    """Motion between two near frames, a third modality of the same clip.

    The segment is cut into ``num_pairs`` equal parts and one pair of frames,
    ``gap`` seconds apart, is taken from each: at a random time for training,
    in the middle for evaluation. Horizontal flips negate the horizontal
    motion, so flip here and not with ``mmaction.Flip``.

    Flow that ``tools/data/pack.py --flow`` stored is read instead of computed
    if its method, gap and bound are those asked for and no ``size`` is given.

    Required keys: ``clip``, ``start`` and ``end`` (both optional, seconds).

    Added keys: ``flow``, float32 (2 * ``num_pairs``, H, W): u (to the right)
    and v (down) of each pair; of ``'difference'``, (``num_pairs``, H, W).

    Example::

        dict(type='ForModality', modality='flow', output='flow',
             transforms=[dict(type='Flow', num_pairs=2, size=(112, 112),
                              crop_size=96, flip_ratio=0.5)])
        model = dict(encoders=dict(flow=dict(type='ResNet', in_channels=4)))
        dataset = dict(modalities=['video', 'audio', 'flow'], ...)

    Args:
        num_pairs: Pairs of frames per sample.
        method: ``'dis'`` (Dense Inverse Search, arXiv 1603.03590, OpenCV's
            medium preset), ``'farneback'``, or ``'difference'`` of the grey
            frames.
        sampling: ``'random'`` or ``'middle'``; of times and of the crop.
        bound: Where values are cut off: pixels, or grey levels of
            ``'difference'``.
        gap: Seconds between the frames of a pair.
        size: (H, W) that frames get before flow is computed.
        crop_size: Side of a square cut out, at a random place or in the
            middle. Defaults to the whole picture.
        flip_ratio: Probability of a horizontal flip.
        scale: ``'unit'`` (-1 to 1), ``'byte'`` (0 to 255, as stored flow
            images have it) or ``'pixels'``.
        frame_rate: Frames per second of image folders.

    Raises:
        BrokenMediaError: If the clip cannot be read, or the segment is not
            longer than ``gap``.
        ValueError: On wrong arguments, or a crop larger than the picture.
    """

    def __init__(
        self,
        num_pairs: int = 1,
        method: str = 'dis',
        sampling: str = 'random',
        bound: float = 20.0,
        gap: float = 0.04,
        size: Sequence[int] | None = None,
        crop_size: int | None = None,
        flip_ratio: float = 0.0,
        scale: str = 'unit',
        frame_rate: float | None = None,
    ) -> None:
        check_positive('num_pairs', num_pairs, none=False)
        check_positive('bound', bound, none=False)
        check_positive('gap', gap, none=False)
        check_positive('crop_size', crop_size)
        check_positive('frame_rate', frame_rate)
        if not 0 <= flip_ratio <= 1:
            raise ValueError(f'flip_ratio={flip_ratio}: must be from 0 to 1.')
        if size is not None and (len(size) != 2 or min(size) <= 0):
            raise ValueError(f'size={size}: give (height, width) in pixels.')
        self.num_pairs = num_pairs
        self.method = check_choice('method', method, _METHODS)
        self.sampling = check_choice(
            'sampling', sampling, ('random', 'middle')
        )
        self.bound = float(bound)
        self.gap = float(gap)
        self.size = None if size is None else (int(size[0]), int(size[1]))
        self.crop_size = crop_size
        self.flip_ratio = flip_ratio
        self.scale = check_choice('scale', scale, _SCALES)
        self.frame_rate = frame_rate

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        with open_video(results['clip'], self.frame_rate) as clip:
            start, end = clip.segment(results.get('start'), results.get('end'))
            times = self._times(clip.path, start, end)
            flow = None
            if isinstance(clip, PackedVideo) and self.size is None:
                flow = clip.flow_at(times, self.method, self.gap, self.bound)
            if flow is None:
                flow = self._compute(clip, times)
        flow = self._crop(flow)
        if self.flip_ratio and np.random.random_sample() < self.flip_ratio:
            flow = flow[..., ::-1].copy()
            if self.method != 'difference':
                flow[:, 0] *= -1
        flow = flow.clip(-self.bound, self.bound)
        if self.scale != 'pixels':
            flow = flow / self.bound
        if self.scale == 'byte':
            flow = 127.5 + 127.5 * flow
        stacked = flow.reshape(-1, *flow.shape[2:])  # (pairs * C, H, W)
        results['flow'] = np.ascontiguousarray(stacked, np.float32)
        results['frame_times'] = times
        return results

    def _times(self, path: str, start: float, end: float) -> list[float]:
        """When the first frames of the pairs are on display."""
        spare = end - start - self.gap
        if spare <= 0:
            raise BrokenMediaError.of(
                path,
                f'the segment {start:.3f}-{end:.3f} s is not longer than '
                f'gap={self.gap} s between two frames',
                "Lengthen the segment or shorten 'gap'.",
            )
        if self.sampling == 'random':
            inside = np.random.random_sample(self.num_pairs)
        else:
            inside = np.full(self.num_pairs, 0.5)
        parts = (np.arange(self.num_pairs) + inside) / self.num_pairs
        return [float(time) for time in start + parts * spare]

    def _compute(self, clip: Any, times: list[float]) -> np.ndarray:
        later = [time + self.gap for time in times]
        frames = clip.frames_at([*times, *later])
        if self.size is not None:
            height, width = self.size
            frames = [
                cv2.resize(f, (width, height), interpolation=cv2.INTER_AREA)
                for f in frames
            ]
        pairs = zip(frames[: len(times)], frames[len(times) :], strict=True)
        return np.stack([optical_flow(*p, self.method) for p in pairs])

    def _crop(self, flow: np.ndarray) -> np.ndarray:
        if self.crop_size is None:
            return flow
        spare = np.array(flow.shape[2:]) - self.crop_size
        if spare.min() < 0:
            raise ValueError(
                f'Flow: crop_size={self.crop_size} is larger than the '
                f'picture, {flow.shape[2:]}. Scale it up: size=(H, W).'
            )
        top, left = spare // 2
        if self.sampling == 'random':
            top, left = (np.random.randint(n + 1) for n in spare)
        return flow[
            ..., top : top + self.crop_size, left : left + self.crop_size
        ]

    def __repr__(self) -> str:
        names = (
            *('num_pairs', 'method', 'sampling', 'bound', 'gap', 'size'),
            *('crop_size', 'flip_ratio', 'scale', 'frame_rate'),
        )
        listed = ', '.join(f'{n}={getattr(self, n)!r}' for n in names)
        return f'{type(self).__name__}({listed})'


def optical_flow(
    first: np.ndarray, second: np.ndarray, method: str
) -> np.ndarray:
    """Motion from one RGB frame to the other.

    Args:
        first: uint8 (H, W, 3).
        second: The same size.
        method: As of :class:`Flow`.

    Returns:
        float32 (2, H, W), u and v in pixels; of ``'difference'``
        (1, H, W), second minus first in grey levels.
    """
    old, new = (
        cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (first, second)
    )
    if method == 'difference':
        return (new.astype(np.float32) - old)[None]
    room = np.zeros((*old.shape, 2), np.float32)
    if method == 'farneback':
        flow = cv2.calcOpticalFlowFarneback(
            old, new, room, 0.5, 3, 15, 3, 5, 1.2, 0
        )
    else:
        # A new one each time: it must not start from the last clip's flow.
        dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        flow = dis.calc(old, new, room)
    uv: np.ndarray = flow.transpose(2, 0, 1)
    return uv


def encode_flow(flow: np.ndarray, bound: float) -> np.ndarray:
    """Flow in pixels as uint8: 128 is none, 127 steps to the bound."""
    levels = np.rint(flow.clip(-bound, bound) * (127 / bound)) + 128
    return levels.astype(np.uint8)
