"""Which classes Kinetics-Sounds has.

Kinetics-Sounds is a choice of classes of Kinetics, and there are several. The
first, of Look, Listen and Learn (arXiv 1705.08168, appendix A1), names 34 by
words of its own; the usual 31, as Kinetics-400 spells them, lack three of them
(typing, fingerpicking, patting).
"""

from __future__ import annotations

import os

from mmremix.datasets.corpora import KineticsSounds
from mmremix.datasets.labels import read_classes

CLASSES_31 = list(KineticsSounds.METAINFO['classes'])
VARIANTS = {
    '31': CLASSES_31,
    '32': sorted([*CLASSES_31, 'strumming guitar']),
    '33': sorted([*CLASSES_31, 'finger snapping', 'tying tie']),
}
"""Class names by number of classes: 32 as in CrissCross, 33 as in the data of
ARL (``class.txt``), whose papers say 34."""

_TRAIN = (
    '268 690 607 512 497 445 635 478 457 605 563 486 604 592 366 339 333 489 '
    '653 538 654 386 281 493 395 672 197 523 433 354 254'
)
_TEST = (
    '81 92 87 87 87 68 90 90 86 79 91 88 73 85 86 91 82 84 90 90 83 91 80 92 '
    '79 66 85 84 91 76 63'
)
PUBLISHED = {
    name: (int(train), int(test))
    for name, train, test in zip(
        CLASSES_31, _TRAIN.split(), _TEST.split(), strict=True
    )
}
"""Rows per class of the lists of OGM-GE: train, test."""


def class_names(choice: str) -> tuple[list[str], list[str]]:
    """Class names of a variant or of a file, and notes for the report.

    Args:
        choice: ``'31'``, ``'32'``, ``'33'``, ``'34'`` (which is 33) or a text
            file with a class of Kinetics-400 a line.

    Raises:
        ValueError: On what is neither, and on a file that names none or one
            more than once.
    """
    if choice == '34':
        return VARIANTS['33'], [
            'classes: 33; the data that papers call 34 classes has these '
            'folders, one is missing there'
        ]
    if choice in VARIANTS:
        return VARIANTS[choice], []
    if not os.path.isfile(choice):
        raise ValueError(
            f'--classes must be one of {[*VARIANTS, "34"]} or a file with a '
            f'class name a line, got {choice!r}.'
        )
    names = read_classes(choice)
    return names, [f'classes: the {len(names)} of a file of the user']
