"""Check and annotate Kinetics-Sounds.

.. code-block:: shell

    python tools/data/prepare_kinetics_sounds.py --videos data/kinetics \
        --annotations train.csv validate.csv test.csv
"""

from __future__ import annotations

import argparse
import sys

from mmremix.datasets.preparation.command import add_arguments, finish


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('--annotations', nargs='+', required=True, help='lists of clips')
    add('--videos', required=True, help='folder of the clips')
    add('--out', help='default: the folder of the clips')
    add('--classes', type=int, choices=[31, 32, 34], default=31)
    add_arguments(parser)
    args = parser.parse_args(argv)
    args.out = args.out or args.videos
    from mmremix.datasets.preparation import kinetics_sounds

    samples, notes = kinetics_sounds.kinetics_samples(
        args.annotations, args.videos, args.classes
    )
    classes = kinetics_sounds.CLASSES[args.classes]
    return finish(args, samples, classes, notes=notes)


if __name__ == '__main__':
    sys.exit(main())
