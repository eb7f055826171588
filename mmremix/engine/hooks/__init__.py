"""Remix as hooks of a run."""

from mmremix.engine.hooks.kl_score_hook import KLScoreHook
from mmremix.engine.hooks.remix_record_hook import RemixRecordHook

__all__ = ['KLScoreHook', 'RemixRecordHook']
