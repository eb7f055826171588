"""Scoring, hooks and checkpoint loading."""

from mmremix.engine.active_log_processor import ActiveLogProcessor
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
    PrototypeHook,
    RelearnHook,
    RemixRecordHook,
    SafeCheckpointHook,
    SetupCheckHook,
    SignalHook,
)
from mmremix.engine.plan.plan_hook import (
    EveryModalityHook,
    PlanHook,
    ScoringPlanHook,
)
from mmremix.engine.plan.reconboost_hook import ReconBoostHook
from mmremix.engine.plan.resample_hook import ResampleHook
from mmremix.engine.records import Records, read_records
from mmremix.engine.safe_loading import load_checkpoint_file
from mmremix.engine.scoring.options import ScoringOptions
from mmremix.engine.scoring.scores import ScoreTable, score_dataset
from mmremix.engine.step.method_hook import MethodHook
from mmremix.engine.step.optim_wrappers import (
    AmpOptimWrapper,
    BFloat16OptimWrapper,
    OptimWrapper,
)

__all__ = [
    'ActiveLogProcessor',
    'AmpOptimWrapper',
    'BFloat16OptimWrapper',
    'BrokenSampleHook',
    'ContributionHook',
    'DamagedCheckpointError',
    'DeferredInfoHook',
    'DivergedHook',
    'EpochLineHook',
    'EpochSeedHook',
    'EveryModalityHook',
    'GradientConflictHook',
    'KLScoreHook',
    'MethodHook',
    'OptimWrapper',
    'PlainCheckpointHook',
    'PlanHook',
    'PrototypeHook',
    'ReconBoostHook',
    'Records',
    'RelearnHook',
    'RemixRecordHook',
    'ResampleHook',
    'SafeCheckpointHook',
    'ScoreTable',
    'ScoringOptions',
    'ScoringPlanHook',
    'SetupCheckHook',
    'SignalHook',
    'compare_gradients',
    'load_checkpoint_file',
    'read_records',
    'score_dataset',
]
