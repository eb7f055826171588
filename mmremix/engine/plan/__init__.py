"""What each epoch trains on, decided before it."""

from mmremix.engine.plan.every_modality_hook import EveryModalityHook
from mmremix.engine.plan.kl_score_hook import KLScoreHook
from mmremix.engine.plan.modality_dropout_hook import ModalityDropoutHook
from mmremix.engine.plan.plan_hook import PlanHook, ScoringPlanHook
from mmremix.engine.plan.reconboost_hook import ReconBoostHook
from mmremix.engine.plan.record_hook import RemixRecordHook
from mmremix.engine.plan.reliability_hook import ReliabilityHook
from mmremix.engine.plan.resample_hook import ResampleHook

__all__ = [
    'EveryModalityHook',
    'KLScoreHook',
    'ModalityDropoutHook',
    'PlanHook',
    'ReconBoostHook',
    'ReliabilityHook',
    'RemixRecordHook',
    'ResampleHook',
    'ScoringPlanHook',
]
