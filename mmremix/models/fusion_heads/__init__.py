from mmremix.models.fusion_heads.base import BaseFusionHead
from mmremix.models.fusion_heads.centralnet import CentralNet
from mmremix.models.fusion_heads.concat import ConcatFusionHead
from mmremix.models.fusion_heads.decision import DecisionFusionHead
from mmremix.models.fusion_heads.film import FiLMFusionHead
from mmremix.models.fusion_heads.gated import GatedFusionHead
from mmremix.models.fusion_heads.mmtm import MMTM
from mmremix.models.fusion_heads.shared import SharedHeadFusion
from mmremix.models.fusion_heads.staged import StagedFusionHead
from mmremix.models.fusion_heads.sum import SumFusionHead

__all__ = [
    'MMTM',
    'BaseFusionHead',
    'CentralNet',
    'ConcatFusionHead',
    'DecisionFusionHead',
    'FiLMFusionHead',
    'GatedFusionHead',
    'SharedHeadFusion',
    'StagedFusionHead',
    'SumFusionHead',
]
