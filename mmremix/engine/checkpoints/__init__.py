"""Checkpoints: written whole, loaded without running code, resumed from."""

from mmremix.engine.checkpoints.files import DamagedCheckpointError
from mmremix.engine.checkpoints.plain_checkpoint_hook import (
    PlainCheckpointHook,
)
from mmremix.engine.checkpoints.safe_checkpoint_hook import (
    SafeCheckpointHook,
)
from mmremix.engine.checkpoints.safe_loading import load_checkpoint_file
from mmremix.engine.checkpoints.train_loop import EpochBasedTrainLoop

__all__ = [
    'DamagedCheckpointError',
    'EpochBasedTrainLoop',
    'PlainCheckpointHook',
    'SafeCheckpointHook',
    'load_checkpoint_file',
]
