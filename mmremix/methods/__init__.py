"""Balancing methods: what each does within a training step."""

from mmremix.methods.base import Clock, Gradients, Method, scale_gradient
from mmremix.methods.g_blend import blend_weights
from mmremix.methods.greedy import Greedy
from mmremix.methods.umt import UMT

__all__ = [
    'UMT',
    'Clock',
    'Gradients',
    'Greedy',
    'Method',
    'blend_weights',
    'scale_gradient',
]
