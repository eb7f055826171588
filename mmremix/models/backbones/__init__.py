from mmremix.models.backbones.modality_encoder import ModalityEncoder
from mmremix.models.backbones.resnet import ResNet
from mmremix.models.backbones.text_embedding import TextEmbedding
from mmremix.models.backbones.text_transformer import TextTransformer
from mmremix.models.backbones.waveform_cnn import WaveformCNN

__all__ = [
    'ModalityEncoder',
    'ResNet',
    'TextEmbedding',
    'TextTransformer',
    'WaveformCNN',
]
