"""Scoring, hooks and checkpoint loading."""

from mmremix.engine.bfloat16_optim_wrapper import BFloat16OptimWrapper
from mmremix.engine.checkpoints import (
    DamagedCheckpointError,
    PlainCheckpointHook,
    SafeCheckpointHook,
    load_checkpoint_file,
)
from mmremix.engine.hooks import KLScoreHook, RemixRecordHook
from mmremix.engine.records import Records, read_records
from mmremix.engine.scoring import ScoreTable, score_dataset
from mmremix.engine.scoring_options import ScoringOptions
from mmremix.engine.watch import (
    ActiveLogProcessor,
    BrokenSampleHook,
    ContributionHook,
    DeferredInfoHook,
    DivergedHook,
    EpochLineHook,
    EpochSeedHook,
    GradientConflictHook,
    SetupCheckHook,
    SignalHook,
    compare_gradients,
)

__all__ = [
    'ActiveLogProcessor',
    'BFloat16OptimWrapper',
    'BrokenSampleHook',
    'ContributionHook',
    'DamagedCheckpointError',
    'DeferredInfoHook',
    'DivergedHook',
    'EpochLineHook',
    'EpochSeedHook',
    'GradientConflictHook',
    'KLScoreHook',
    'PlainCheckpointHook',
    'Records',
    'RemixRecordHook',
    'SafeCheckpointHook',
    'ScoreTable',
    'ScoringOptions',
    'SetupCheckHook',
    'SignalHook',
    'compare_gradients',
    'load_checkpoint_file',
    'read_records',
    'score_dataset',
]
