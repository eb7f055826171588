"""Scoring, hooks and checkpoint loading."""

from mmremix.engine.hooks import (
    BrokenSampleHook,
    KLScoreHook,
    PlainCheckpointHook,
    SetupCheckHook,
)
from mmremix.engine.safe_loading import load_checkpoint_file
from mmremix.engine.scoring import ScoreTable, score_dataset

__all__ = [
    'BrokenSampleHook',
    'KLScoreHook',
    'PlainCheckpointHook',
    'ScoreTable',
    'SetupCheckHook',
    'load_checkpoint_file',
    'score_dataset',
]
