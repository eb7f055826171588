"""A training step: optimiser wrappers, the methods within it, their hooks."""

from mmremix.engine.step.layer_decay import LayerDecayConstructor
from mmremix.engine.step.method_hook import MethodHook
from mmremix.engine.step.optim_wrappers import (
    AmpOptimWrapper,
    BFloat16OptimWrapper,
    OptimWrapper,
)
from mmremix.engine.step.prototype_hook import PrototypeHook
from mmremix.engine.step.relearn_hook import RelearnHook

__all__ = [
    'AmpOptimWrapper',
    'BFloat16OptimWrapper',
    'LayerDecayConstructor',
    'MethodHook',
    'OptimWrapper',
    'PrototypeHook',
    'RelearnHook',
]
