"""From clips to samples: data sets, transforms, samplers."""

from mmremix.datasets.array_dataset import ArrayDataset
from mmremix.datasets.av_dataset import AVDataset
from mmremix.datasets.collate import multimodal_collate
from mmremix.datasets.corpora import CREMAD, GRID, KineticsSounds
from mmremix.datasets.held_out import Part, split_held_out
from mmremix.datasets.input_cache import InputCache
from mmremix.datasets.multimodal_dataset import MultimodalDataset
from mmremix.datasets.readers import *  # noqa: F403
from mmremix.datasets.readers import __all__ as _readers
from mmremix.datasets.remix_index import RemixIndex
from mmremix.datasets.sample_error import SampleError
from mmremix.datasets.samplers import RemixSampler, ScoringSampler
from mmremix.datasets.table_dataset import TableDataset
from mmremix.datasets.transforms import *  # noqa: F403
from mmremix.datasets.transforms import __all__ as _transforms
from mmremix.datasets.worker_pool import WorkerPool
from mmremix.utils.deferred_import import defer_import

__all__ = [
    'CREMAD',
    'GRID',
    'AVDataset',
    'ArrayDataset',
    'InputCache',
    'KineticsSounds',
    'MultimodalDataset',
    'Part',
    'RemixIndex',
    'RemixSampler',
    'SampleError',
    'ScoringSampler',
    'TableDataset',
    'WorkerPool',
    'multimodal_collate',
    'split_held_out',
    *_readers,
    *_transforms,
]

# One function of it is used, by transforms for skeletons.
defer_import('scipy.stats', 'mmaction.datasets.transforms.pose_transforms')
