from mmremix.models.backbones.gru import GRU
from mmremix.models.backbones.mlp import MLP
from mmremix.models.backbones.modality_encoder import ModalityEncoder
from mmremix.models.backbones.optional import LibraryRegistry
from mmremix.models.backbones.pretrained import PretrainedBackbone
from mmremix.models.backbones.resnet import ResNet
from mmremix.models.backbones.small_cnn import SmallCNN
from mmremix.models.backbones.temporal_cnn import TemporalCNN
from mmremix.models.backbones.text_embedding import TextEmbedding
from mmremix.models.backbones.text_transformer import TextTransformer
from mmremix.models.backbones.timm_backbone import TimmBackbone
from mmremix.models.backbones.torchvision_backbone import TorchvisionBackbone
from mmremix.models.backbones.transformers_backbone import (
    TransformersBackbone,
)
from mmremix.models.backbones.waveform_cnn import WaveformCNN

# `type='timm.resnet18'` and the like.
LIBRARIES = {
    scope: LibraryRegistry(scope, backbone)
    for scope, backbone in (
        ('timm', TimmBackbone),
        ('torchvision', TorchvisionBackbone),
        ('transformers', TransformersBackbone),
    )
}

__all__ = [
    'GRU',
    'MLP',
    'ModalityEncoder',
    'PretrainedBackbone',
    'ResNet',
    'SmallCNN',
    'TemporalCNN',
    'TextEmbedding',
    'TextTransformer',
    'TimmBackbone',
    'TorchvisionBackbone',
    'TransformersBackbone',
    'WaveformCNN',
]
