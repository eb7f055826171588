from mmremix.models.fusion_heads.attention_pooling import AttentionPoolingHead
from mmremix.models.fusion_heads.base import BaseFusionHead
from mmremix.models.fusion_heads.bottleneck import BottleneckFusionHead
from mmremix.models.fusion_heads.centralnet import CentralNet
from mmremix.models.fusion_heads.concat import ConcatFusionHead
from mmremix.models.fusion_heads.cross_attention import (
    CrossAttentionFusionHead,
)
from mmremix.models.fusion_heads.decision import DecisionFusionHead
from mmremix.models.fusion_heads.film import FiLMFusionHead
from mmremix.models.fusion_heads.gated import GatedFusionHead
from mmremix.models.fusion_heads.low_rank import LowRankFusionHead
from mmremix.models.fusion_heads.mmtm import MMTM
from mmremix.models.fusion_heads.shared import SharedHeadFusion
from mmremix.models.fusion_heads.staged import StagedFusionHead
from mmremix.models.fusion_heads.sum import SumFusionHead
from mmremix.models.fusion_heads.tensor import TensorFusionHead
from mmremix.models.fusion_heads.tokens import TokenFusionHead
from mmremix.models.fusion_heads.transformer import TransformerFusionHead

__all__ = [
    'MMTM',
    'AttentionPoolingHead',
    'BaseFusionHead',
    'BottleneckFusionHead',
    'CentralNet',
    'ConcatFusionHead',
    'CrossAttentionFusionHead',
    'DecisionFusionHead',
    'FiLMFusionHead',
    'GatedFusionHead',
    'LowRankFusionHead',
    'SharedHeadFusion',
    'StagedFusionHead',
    'SumFusionHead',
    'TensorFusionHead',
    'TokenFusionHead',
    'TransformerFusionHead',
]
