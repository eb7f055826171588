"""Check and annotate Kinetics-Sounds.

.. code-block:: shell

    python tools/data/prepare_kinetics_sounds.py --videos data/kinetics \
        --annotations train.csv validate.csv test.csv
"""

from __future__ import annotations

import argparse
import sys

from mmremix.datasets.preparation.command import add_arguments, finish
from mmremix.utils.cli import errors_as_messages


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('--annotations', nargs='+', required=True, help='lists of clips')
    add('--videos', required=True, help='folder of the clips')
    add('--out', help='default: the folder of the clips')
    add(
        '--classes',
        default='31',
        help='31, 32, 33 or 34 classes (34 is 33), or a file with a class '
        'name a line',
    )
    add_arguments(parser)
    args = parser.parse_args(argv)
    args.out = args.out or args.videos
    from mmremix.datasets.preparation.kinetics_classes import class_names
    from mmremix.datasets.preparation.kinetics_sounds import kinetics_samples

    classes, remarks = class_names(args.classes)
    samples, notes = kinetics_samples(args.annotations, args.videos, classes)
    return finish(
        args,
        samples,
        classes,
        notes=[*remarks, *notes],
        inputs=[*args.annotations, args.classes],
    )


if __name__ == '__main__':
    with errors_as_messages(OSError, ValueError):
        sys.exit(main())
