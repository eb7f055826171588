from mmremix.models.fusion_heads.base import BaseFusionHead
from mmremix.models.fusion_heads.concat import ConcatFusionHead

__all__ = ['BaseFusionHead', 'ConcatFusionHead']
