"""Public corpora: data sets that know their classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from mmengine.logging import print_log

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

    Two layouts are read, both by the same config::

        dataset = dict(
            type='GRID',
            data_root='data/grid',
            ann_file='train.csv',
            margin=0.1,
            pipeline=train_pipeline)

    - as ``tools/data/prepare_grid.py`` leaves it: ``ann_file`` is a list of
      clips;
    - with ``words.csv``, a table of every word of every sentence
      (``clip,split,position,word,start_s,end_s``), and ``clips/<clip>.mp4``.
      It is read where ``train.csv``, ``val.csv`` or ``test.csv`` is asked
      for and none of the three is there: the letters of the split of that
      name. The log says so.

    For another word of the six-word sentences name its ``classes``; of
    ``words.csv`` also ``filter_cfg=dict(position='digit')``.

    Args:
        ann_file: List of clips, relative to ``data_root``.
        kwargs: Arguments of :class:`AVDataset`.

    Raises:
        AnnotationError: If there is neither of the two, and as
            :class:`AVDataset`.
    """

    METAINFO: ClassVar = {'classes': list('abcdefghijklmnopqrstuvxyz')}
    WORDS_COLUMNS: ClassVar = {
        'label': 'word',
        'start': 'start_s',
        'end': 'end_s',
    }

    def __init__(self, ann_file: str = '', **kwargs: Any) -> None:
        path = Path(kwargs.get('data_root') or '', ann_file)
        words = path.with_name('words.csv')
        lists = [path.with_name(f'{s}.csv') for s in ('train', 'val', 'test')]
        # Not one split from here and one from there: they may overlap.
        prepared = any(file.is_file() for file in lists)
        if path in lists and not prepared and words.is_file():
            ann_file = str(Path(ann_file).with_name(words.name))
            rows = {'split': path.stem, 'position': 'letter'}
            rows |= kwargs.pop('filter_cfg', None) or {}
            kwargs = {
                'columns': self.WORDS_COLUMNS,
                'data_prefix': {'clip': 'clips'},
                'clip_suffix': '.mp4',
                **kwargs,
                'filter_cfg': rows,
            }
            print_log(f'No {path}: the rows of {words} with {rows}', 'current')
        super().__init__(ann_file, **kwargs)
