"""What watches a run: before it, at every step, and when it ends."""

from mmremix.engine.watch.broken_samples import BrokenSampleHook
from mmremix.engine.watch.budget_hook import Budget, BudgetHook
from mmremix.engine.watch.contribution_hook import ContributionHook
from mmremix.engine.watch.deferred_losses import (
    ActiveLogProcessor,
    DeferredInfoHook,
)
from mmremix.engine.watch.diagnosis_hook import DiagnosisHook
from mmremix.engine.watch.diverged_hook import DivergedHook
from mmremix.engine.watch.epoch_line_hook import EpochLineHook
from mmremix.engine.watch.epoch_seed_hook import EpochSeedHook
from mmremix.engine.watch.gradient_conflict import compare_gradients
from mmremix.engine.watch.gradient_conflict_hook import GradientConflictHook
from mmremix.engine.watch.mlflow_backend import MLflowVisBackend
from mmremix.engine.watch.setup_check_hook import SetupCheckHook
from mmremix.engine.watch.signal_hook import SignalHook
from mmremix.engine.watch.visualizer import Visualizer

__all__ = [
    'ActiveLogProcessor',
    'BrokenSampleHook',
    'Budget',
    'BudgetHook',
    'ContributionHook',
    'DeferredInfoHook',
    'DiagnosisHook',
    'DivergedHook',
    'EpochLineHook',
    'EpochSeedHook',
    'GradientConflictHook',
    'MLflowVisBackend',
    'SetupCheckHook',
    'SignalHook',
    'Visualizer',
    'compare_gradients',
]
