"""Plans, scoring, steps, and the hooks that watch a run and keep it."""

from mmremix.engine.checkpoints import (
    DamagedCheckpointError,
    EpochBasedTrainLoop,
    PlainCheckpointHook,
    SafeCheckpointHook,
    load_checkpoint_file,
)
from mmremix.engine.plan import (
    EveryModalityHook,
    KLScoreHook,
    ModalityDropoutHook,
    PlanHook,
    ReconBoostHook,
    RemixRecordHook,
    ResampleHook,
    ScoringPlanHook,
)
from mmremix.engine.readouts import LoadedModalitiesHook
from mmremix.engine.scoring import (
    ScoreTable,
    ScoringOptions,
    score_dataset,
)
from mmremix.engine.step import (
    AmpOptimWrapper,
    BFloat16OptimWrapper,
    MethodHook,
    OptimWrapper,
    PrototypeHook,
    RelearnHook,
)
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
    'AmpOptimWrapper',
    'BFloat16OptimWrapper',
    'BrokenSampleHook',
    'ContributionHook',
    'DamagedCheckpointError',
    'DeferredInfoHook',
    'DivergedHook',
    'EpochBasedTrainLoop',
    'EpochLineHook',
    'EpochSeedHook',
    'EveryModalityHook',
    'GradientConflictHook',
    'KLScoreHook',
    'LoadedModalitiesHook',
    'MethodHook',
    'ModalityDropoutHook',
    'OptimWrapper',
    'PlainCheckpointHook',
    'PlanHook',
    'PrototypeHook',
    'ReconBoostHook',
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
    'score_dataset',
]
