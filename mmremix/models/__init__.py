"""Encoders, fusion heads and the recognizer."""

from mmremix.models.backbones import (
    GRU,
    MLP,
    ModalityEncoder,
    PretrainedBackbone,
    ResNet,
    SmallCNN,
    TemporalCNN,
    TextEmbedding,
    TextTransformer,
    TimmBackbone,
    TorchvisionBackbone,
    TransformersBackbone,
    WaveformCNN,
)
from mmremix.models.data_preprocessors import AVDataPreprocessor
from mmremix.models.fusion_heads import (
    MMTM,
    AttentionPoolingHead,
    BaseFusionHead,
    BottleneckFusionHead,
    CentralNet,
    ConcatFusionHead,
    CrossAttentionFusionHead,
    DecisionFusionHead,
    FiLMFusionHead,
    GatedFusionHead,
    LowRankFusionHead,
    SharedHeadFusion,
    StagedFusionHead,
    SumFusionHead,
    TensorFusionHead,
    TokenFusionHead,
    TransformerFusionHead,
)
from mmremix.models.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    FocalLoss,
)
from mmremix.models.output import Output
from mmremix.models.readout_head import ReadoutHead
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
    'AttentionPoolingHead',
    'BaseFusionHead',
    'BinaryCrossEntropy',
    'BottleneckFusionHead',
    'CentralNet',
    'ConcatFusionHead',
    'CrossAttentionFusionHead',
    'CrossEntropy',
    'DecisionFusionHead',
    'FiLMFusionHead',
    'FocalLoss',
    'GatedFusionHead',
    'LowRankFusionHead',
    'ModalityEncoder',
    'Output',
    'PretrainedBackbone',
    'ReadoutHead',
    'ResNet',
    'SharedHeadFusion',
    'SmallCNN',
    'StagedFusionHead',
    'SumFusionHead',
    'TemporalCNN',
    'TensorFusionHead',
    'TextEmbedding',
    'TextTransformer',
    'TimmBackbone',
    'TokenFusionHead',
    'TorchvisionBackbone',
    'TransformerFusionHead',
    'TransformersBackbone',
    'WaveformCNN',
]
