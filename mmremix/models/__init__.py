"""Encoders, fusion heads and the recognizer."""

from mmremix.models.backbones import ModalityEncoder, ResNet
from mmremix.models.data_preprocessors import AVDataPreprocessor
from mmremix.models.fusion_heads import (
    MMTM,
    BaseFusionHead,
    CentralNet,
    ConcatFusionHead,
    DecisionFusionHead,
    FiLMFusionHead,
    GatedFusionHead,
    StagedFusionHead,
    SumFusionHead,
)
from mmremix.models.recognizers import AVRecognizer
from mmremix.utils.mmaction_compat import make_mmaction_importable

# So that `type='mmaction.ResNet'` in a config finds its class.
make_mmaction_importable()

__all__ = [
    'MMTM',
    'AVDataPreprocessor',
    'AVRecognizer',
    'BaseFusionHead',
    'CentralNet',
    'ConcatFusionHead',
    'DecisionFusionHead',
    'FiLMFusionHead',
    'GatedFusionHead',
    'ModalityEncoder',
    'ResNet',
    'StagedFusionHead',
    'SumFusionHead',
]
