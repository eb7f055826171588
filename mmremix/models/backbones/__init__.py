from mmremix.models.backbones.gru import GRU
from mmremix.models.backbones.mlp import MLP
from mmremix.models.backbones.modality_encoder import ModalityEncoder
from mmremix.models.backbones.resnet import ResNet
from mmremix.models.backbones.small_cnn import SmallCNN
from mmremix.models.backbones.temporal_cnn import TemporalCNN
from mmremix.models.backbones.text_embedding import TextEmbedding
from mmremix.models.backbones.text_transformer import TextTransformer
from mmremix.models.backbones.waveform_cnn import WaveformCNN

__all__ = [
    'GRU',
    'MLP',
    'ModalityEncoder',
    'ResNet',
    'SmallCNN',
    'TemporalCNN',
    'TextEmbedding',
    'TextTransformer',
    'WaveformCNN',
]
