"""Compact copies of clips, so that training decodes no large files.

``tools/data/pack.py`` is the command; docs/data/packing.md says which format
to take.
"""

from mmremix.datasets.packing.annotation import pack_plan, write_annotation
from mmremix.datasets.packing.job import PackJob
from mmremix.datasets.packing.options import PackOptions
from mmremix.datasets.packing.packer import PackReport, pack_all

__all__ = [
    'PackJob',
    'PackOptions',
    'PackReport',
    'pack_all',
    'pack_plan',
    'write_annotation',
]
