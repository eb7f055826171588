"""Balancing methods: what each does within a training step."""

from mmremix.methods.base import Clock, Gradients, Method, scale_gradient
from mmremix.methods.pmr import PMR
from mmremix.methods.reconboost import ReconBoost

__all__ = [
    'PMR',
    'Clock',
    'Gradients',
    'Method',
    'ReconBoost',
    'scale_gradient',
]
