from mmremix.models.backbones.modality_encoder import ModalityEncoder
from mmremix.models.backbones.resnet import ResNet

__all__ = ['ModalityEncoder', 'ResNet']
