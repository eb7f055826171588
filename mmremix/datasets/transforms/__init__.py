"""Transforms of audio-visual clips.

For images, those of MMAction2 fit: ``mmaction.Resize``,
``mmaction.RandomResizedCrop``, ``mmaction.CenterCrop``, ``mmaction.Flip``,
``mmaction.FormatShape``. Not ``mmaction.ColorJitter``, which fails at random
with numpy 2.
"""

from mmremix.datasets.transforms.add_noise import AddNoise
from mmremix.datasets.transforms.crop_box import CropBox
from mmremix.datasets.transforms.decode_audio import DecodeAudio
from mmremix.datasets.transforms.decode_video import DecodeVideo
from mmremix.datasets.transforms.fix_length import FixLength
from mmremix.datasets.transforms.flow import Flow
from mmremix.datasets.transforms.for_modality import ForModality
from mmremix.datasets.transforms.kaldi_fbank import KaldiFbank
from mmremix.datasets.transforms.load_modality import LoadModality
from mmremix.datasets.transforms.load_spectrogram import LoadSpectrogram
from mmremix.datasets.transforms.log_stft import LogSTFT
from mmremix.datasets.transforms.pack import PackAVInputs
from mmremix.datasets.transforms.stack_frames import StackFrames

__all__ = [
    'AddNoise',
    'CropBox',
    'DecodeAudio',
    'DecodeVideo',
    'FixLength',
    'Flow',
    'ForModality',
    'KaldiFbank',
    'LoadModality',
    'LoadSpectrogram',
    'LogSTFT',
    'PackAVInputs',
    'StackFrames',
]
