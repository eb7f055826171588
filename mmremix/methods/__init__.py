"""Balancing methods: what each does within a training step.

A module a method: its pure functions first, then the component.
"""

from mmremix.methods.agm import AGM
from mmremix.methods.base import Clock, Gradients, Method, scale_gradient
from mmremix.methods.dgl import DGL
from mmremix.methods.g_blend import blend_weights
from mmremix.methods.gramian_aggregation import GramianAggregation
from mmremix.methods.greedy import Greedy
from mmremix.methods.inforeg import InfoReg
from mmremix.methods.mla import MLA
from mmremix.methods.mmpareto import MMPareto
from mmremix.methods.modality_dropout import ModalityDropout
from mmremix.methods.ogm_ge import OGM, OGMGE
from mmremix.methods.opm import OPM
from mmremix.methods.pmr import PMR
from mmremix.methods.reconboost import ReconBoost
from mmremix.methods.umt import UMT

__all__ = [
    'AGM',
    'DGL',
    'MLA',
    'OGM',
    'OGMGE',
    'OPM',
    'PMR',
    'UMT',
    'Clock',
    'Gradients',
    'GramianAggregation',
    'Greedy',
    'InfoReg',
    'MMPareto',
    'Method',
    'ModalityDropout',
    'ReconBoost',
    'blend_weights',
    'scale_gradient',
]
