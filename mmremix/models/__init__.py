"""Encoders, fusion heads and the recognizer."""

from mmremix.models.backbones import (
    GRU,
    MLP,
    ModalityEncoder,
    PretrainedBackbone,
    ResNet,
    SmallCNN,
    TemporalCNN,
    TimmBackbone,
    TorchvisionBackbone,
    TransformersBackbone,
)
from mmremix.models.data_preprocessors import AVDataPreprocessor
from mmremix.models.fusion_heads import (
    MMTM,
    BaseFusionHead,
    CentralNet,
    ConcatFusionHead,
    DecisionFusionHead,
    FiLMFusionHead,
    GatedFusionHead,
    SharedHeadFusion,
    StagedFusionHead,
    SumFusionHead,
)
from mmremix.models.losses import CrossEntropy, FocalLoss
from mmremix.models.output import Output
from mmremix.models.recognizers import AVRecognizer
from mmremix.utils.mmaction_compat import make_mmaction_importable
from mmremix.utils.names import FUSION, HEADS

# So that `type='mmaction.ResNet'` in a config finds its class.
make_mmaction_importable()

__all__ = [
    'FUSION',
    'GRU',
    'HEADS',
    'MLP',
    'MMTM',
    'AVDataPreprocessor',
    'AVRecognizer',
    'BaseFusionHead',
    'CentralNet',
    'ConcatFusionHead',
    'CrossEntropy',
    'DecisionFusionHead',
    'FiLMFusionHead',
    'FocalLoss',
    'GatedFusionHead',
    'ModalityEncoder',
    'Output',
    'PretrainedBackbone',
    'ResNet',
    'SharedHeadFusion',
    'SmallCNN',
    'StagedFusionHead',
    'SumFusionHead',
    'TemporalCNN',
    'TimmBackbone',
    'TorchvisionBackbone',
    'TransformersBackbone',
]
