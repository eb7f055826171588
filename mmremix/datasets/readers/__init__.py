"""Readers of a table's modalities, one file a family."""

from mmremix.datasets.readers.arrays import (
    NpyReader,
    NpzReader,
    TensorReader,
)
from mmremix.datasets.readers.base import Reader, check_numbers
from mmremix.datasets.readers.media import (
    ImageReader,
    SoundReader,
    VideoReader,
)
from mmremix.datasets.readers.values import (
    BagOfWordsReader,
    NumbersReader,
    TextReader,
)

__all__ = [
    'BagOfWordsReader',
    'ImageReader',
    'NpyReader',
    'NpzReader',
    'NumbersReader',
    'Reader',
    'SoundReader',
    'TensorReader',
    'TextReader',
    'VideoReader',
    'check_numbers',
]
