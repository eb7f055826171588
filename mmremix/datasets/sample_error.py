"""The error for samples that a transform fails on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmcv.transforms import BaseTransform


class SampleError(RuntimeError):
    """A transform failed on a sample; names clip, place and transform.

    Its cause is the transform's own error: a mistake in the pipeline or in a
    transform, or too little memory. A clip that cannot be read raises
    ``BrokenMediaError`` instead.

    Takes one string only, since a worker of ``DataLoader`` raises its error
    again in the main process as ``type(error)(message)``, without notes or
    attributes.
    """

    @classmethod
    def of(
        cls, error: Exception, info: Mapping[str, Any], place: str
    ) -> SampleError:
        """Build the error.

        Args:
            error: What the transform raised.
            info: The sample, as the pipeline got it.
            place: Where the sample stands, see :func:`place_of`.
        """
        transforms = ' > '.join(_transforms(error)) or 'the pipeline'
        return cls(
            f'{info.get("clip", "a sample")} ({place}): {transforms} raised '
            f'{type(error).__name__}: {error}'
        )


def place_of(info: Mapping[str, Any], index: int, source: str = '') -> str:
    """Where a sample stands: its index and, of a CSV, the line.

    Args:
        info: The sample.
        index: Its position in the data set.
        source: The annotation file.
    """
    place = f'sample {index}'
    if 'row' in info:
        place += f', line {info["row"]} of {source or "the annotation"}'
    return place


def _transforms(error: Exception) -> list[str]:
    """Names of the transforms that were running, outermost first."""
    names: dict[int, str] = {}
    traceback = error.__traceback__
    while traceback is not None:
        owner = traceback.tb_frame.f_locals.get('self')
        if isinstance(owner, BaseTransform):
            names[id(owner)] = type(owner).__name__
        traceback = traceback.tb_next
    return list(names.values())
