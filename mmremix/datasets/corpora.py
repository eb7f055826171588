"""Public corpora: data sets that know their classes."""

from __future__ import annotations

from typing import ClassVar

from mmremix.datasets.av_dataset import AVDataset
from mmremix.registry import DATASETS


@DATASETS.register_module()
class CREMAD(AVDataset):
    """CREMA-D: 7,442 clips of 91 actors, 6 emotions.

    Labels are numbered as in OGM-GE and its successors.
    """

    METAINFO: ClassVar = {
        'classes': ['NEU', 'HAP', 'SAD', 'FEA', 'DIS', 'ANG']
    }


@DATASETS.register_module()
class KineticsSounds(AVDataset):
    """Kinetics-Sounds: the 31 audible classes of Kinetics-400, by name."""

    METAINFO: ClassVar = {
        'classes': [
            'blowing nose',
            'blowing out candles',
            'bowling',
            'chopping wood',
            'dribbling basketball',
            'laughing',
            'mowing lawn',
            'playing accordion',
            'playing bagpipes',
            'playing bass guitar',
            'playing clarinet',
            'playing drums',
            'playing guitar',
            'playing harmonica',
            'playing keyboard',
            'playing organ',
            'playing piano',
            'playing saxophone',
            'playing trombone',
            'playing trumpet',
            'playing violin',
            'playing xylophone',
            'ripping paper',
            'shoveling snow',
            'shuffling cards',
            'singing',
            'stomping grapes',
            'tap dancing',
            'tapping guitar',
            'tapping pen',
            'tickling',
        ]
    }


@DATASETS.register_module()
class GRID(AVDataset):
    """GRID letters: one spoken letter of the alphabet without w, 25 classes.

    For another word of the six-word sentences name its ``classes``.
    """

    METAINFO: ClassVar = {'classes': list('abcdefghijklmnopqrstuvxyz')}
