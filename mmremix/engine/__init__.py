"""Scoring, hooks and checkpoint loading."""

from mmremix.engine.active_log_processor import ActiveLogProcessor
from mmremix.engine.bfloat16_optim_wrapper import BFloat16OptimWrapper
from mmremix.engine.checkpoint_files import DamagedCheckpointError
from mmremix.engine.gradient_conflict import compare_gradients
from mmremix.engine.hooks import (
    BrokenSampleHook,
    ContributionHook,
    DeferredInfoHook,
    DivergedHook,
    EpochLineHook,
    EpochSeedHook,
    GradientConflictHook,
    KLScoreHook,
    PlainCheckpointHook,
    RemixRecordHook,
    SafeCheckpointHook,
    SetupCheckHook,
    SignalHook,
)
from mmremix.engine.safe_loading import load_checkpoint_file
from mmremix.engine.scoring import ScoreTable, score_dataset
from mmremix.engine.scoring_options import ScoringOptions

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
    'RemixRecordHook',
    'SafeCheckpointHook',
    'ScoreTable',
    'ScoringOptions',
    'SetupCheckHook',
    'SignalHook',
    'compare_gradients',
    'load_checkpoint_file',
    'score_dataset',
]
