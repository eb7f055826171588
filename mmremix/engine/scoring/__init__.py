"""Scores of all training samples, and what makes them cheap."""

from mmremix.engine.scoring.kept_inputs import EvaluationCacheHook
from mmremix.engine.scoring.options import ScoringOptions
from mmremix.engine.scoring.scores import ScoreTable, score_dataset

__all__ = [
    'EvaluationCacheHook',
    'ScoreTable',
    'ScoringOptions',
    'score_dataset',
]
