"""Balancing methods: what each does within a training step."""

from mmremix.methods.agm import (
    AGM,
    agm_coefficients,
    modulated,
    shapley_matrix,
)
from mmremix.methods.base import Clock, Gradients, Method, scale_gradient
from mmremix.methods.dgl import DGL
from mmremix.methods.discrepancy import discrepancies, scores_alone
from mmremix.methods.modality_dropout import ModalityDropout, keep_some
from mmremix.methods.ogm_ge import OGM, OGMGE, noise_std, ogm_coefficients
from mmremix.methods.opm import OPM, drop_rates, kept_share

__all__ = [
    'AGM',
    'DGL',
    'OGM',
    'OGMGE',
    'OPM',
    'Clock',
    'Gradients',
    'Method',
    'ModalityDropout',
    'agm_coefficients',
    'discrepancies',
    'drop_rates',
    'keep_some',
    'kept_share',
    'modulated',
    'noise_std',
    'ogm_coefficients',
    'scale_gradient',
    'scores_alone',
    'shapley_matrix',
]
