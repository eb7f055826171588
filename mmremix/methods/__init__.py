"""Balancing methods: what each does within a training step."""

from mmremix.methods.base import Clock, Gradients, Method, scale_gradient
from mmremix.methods.discrepancy import discrepancies, scores_alone
from mmremix.methods.ogm_ge import OGM, OGMGE, noise_std, ogm_coefficients

__all__ = [
    'OGM',
    'OGMGE',
    'Clock',
    'Gradients',
    'Method',
    'discrepancies',
    'noise_std',
    'ogm_coefficients',
    'scale_gradient',
    'scores_alone',
]
