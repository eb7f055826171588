"""Balancing methods: what each does within a training step."""

from mmremix.methods.base import Clock, Gradients, Method, scale_gradient
from mmremix.methods.gramian_aggregation import GramianAggregation
from mmremix.methods.inforeg import InfoReg
from mmremix.methods.mla import MLA
from mmremix.methods.mmpareto import MMPareto

__all__ = [
    'MLA',
    'Clock',
    'Gradients',
    'GramianAggregation',
    'InfoReg',
    'MMPareto',
    'Method',
    'scale_gradient',
]
