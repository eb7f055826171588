from mmremix.engine.hooks.broken_sample_hook import BrokenSampleHook
from mmremix.engine.hooks.contribution_hook import ContributionHook
from mmremix.engine.hooks.deferred_info_hook import DeferredInfoHook
from mmremix.engine.hooks.diverged_hook import DivergedHook
from mmremix.engine.hooks.epoch_line_hook import EpochLineHook
from mmremix.engine.hooks.epoch_seed_hook import EpochSeedHook
from mmremix.engine.hooks.gradient_conflict_hook import (
    GradientConflictHook,
)
from mmremix.engine.hooks.plain_checkpoint_hook import PlainCheckpointHook
from mmremix.engine.hooks.prototype_hook import PrototypeHook
from mmremix.engine.hooks.relearn_hook import RelearnHook
from mmremix.engine.hooks.remix_record_hook import RemixRecordHook
from mmremix.engine.hooks.safe_checkpoint_hook import SafeCheckpointHook
from mmremix.engine.hooks.setup_check_hook import SetupCheckHook
from mmremix.engine.hooks.signal_hook import SignalHook
from mmremix.engine.plan.kl_score_hook import KLScoreHook

__all__ = [
    'BrokenSampleHook',
    'ContributionHook',
    'DeferredInfoHook',
    'DivergedHook',
    'EpochLineHook',
    'EpochSeedHook',
    'GradientConflictHook',
    'KLScoreHook',
    'PlainCheckpointHook',
    'PrototypeHook',
    'RelearnHook',
    'RemixRecordHook',
    'SafeCheckpointHook',
    'SetupCheckHook',
    'SignalHook',
]
