"""A training step: optimiser wrappers, and the methods within it."""

from mmremix.engine.step.method_hook import MethodHook
from mmremix.engine.step.optim_wrappers import (
    AmpOptimWrapper,
    BFloat16OptimWrapper,
    OptimWrapper,
)

__all__ = [
    'AmpOptimWrapper',
    'BFloat16OptimWrapper',
    'MethodHook',
    'OptimWrapper',
]
