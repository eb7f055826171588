from mmremix.engine.hooks.broken_sample_hook import BrokenSampleHook
from mmremix.engine.hooks.kl_score_hook import KLScoreHook
from mmremix.engine.hooks.plain_checkpoint_hook import PlainCheckpointHook
from mmremix.engine.hooks.setup_check_hook import SetupCheckHook

__all__ = [
    'BrokenSampleHook',
    'KLScoreHook',
    'PlainCheckpointHook',
    'SetupCheckHook',
]
