"""Frames of a clip as the channels of one picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmremix.datasets.bases import BaseTransform
from mmremix.registry import TRANSFORMS


@TRANSFORMS.register_module()
class StackFrames(BaseTransform):
    """Stack all frames along the channels, so that a 2-D network sees motion.

    Where the order of the frames matters (lips, hands), this is the cheapest
    clip encoder: one pass a sample instead of one a frame. Use it as the last
    transform of the picture, and give the encoder as many ``in_channels``.

    Required keys: ``imgs`` (list of (H, W, 3) arrays).

    Modified keys: ``imgs``, one array (channels, H, W), of ``num_frames``
    channels if ``grayscale``, of three times as many otherwise.

    Example::

        transforms=[dict(type='DecodeVideo', num_frames=8),
                    dict(type='StackFrames', grayscale=True)]
        encoders=dict(video=dict(type='ResNet', in_channels=8))

    Args:
        grayscale: Whether to reduce each frame to its luma (ITU-R BT.601).
    """

    def __init__(self, grayscale: bool = True) -> None:
        self.grayscale = grayscale

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        frames = np.stack(results['imgs'])  # (T, H, W, 3)
        if self.grayscale:
            luma = frames.astype(np.float32) @ _LUMA
            stacked = np.rint(luma).astype(frames.dtype)
        else:
            stacked = frames.transpose(0, 3, 1, 2)
            stacked = stacked.reshape(-1, *stacked.shape[2:])
        results['imgs'] = np.ascontiguousarray(stacked)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(grayscale={self.grayscale})'


_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
