"""Cut a fixed region out of every frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmremix.datasets.bases import BaseTransform
from mmremix.registry import TRANSFORMS


@TRANSFORMS.register_module()
class CropBox(BaseTransform):
    """Keep one region of the picture, such as the mouth of a framed face.

    Required keys: ``imgs``.

    Modified keys: ``imgs``, ``img_shape``.

    Example::

        dict(type='CropBox', box=(0.2, 0.4, 0.8, 1.0))

    Args:
        box: Left, top, right and bottom, as fractions of width and height.

    Raises:
        ValueError: If that is no region inside the picture.
    """

    def __init__(self, box: Sequence[float]) -> None:
        left, top, right, bottom = box
        if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            raise ValueError(
                'CropBox: box must be (left, top, right, bottom) with 0 <= '
                'left < right <= 1 and 0 <= top < bottom <= 1, as fractions '
                f'of the picture, got {tuple(box)}.'
            )
        self.box = tuple(box)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        height, width = results['img_shape']
        left, top, right, bottom = self.box
        rows = slice(round(top * height), round(bottom * height))
        columns = slice(round(left * width), round(right * width))
        results['imgs'] = [image[rows, columns] for image in results['imgs']]
        results['img_shape'] = results['imgs'][0].shape[:2]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(box={self.box})'
