"""Check, split and annotate one word of the sentences of GRID.

.. code-block:: shell

    python tools/data/prepare_grid.py --root data/grid --word letter
"""

from __future__ import annotations

import argparse
import sys

from mmremix.datasets.preparation.command import (
    add_arguments,
    finish,
    named_shares,
)
from mmremix.utils.cli import errors_as_messages


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('--root', required=True, help='folder of words.csv or of s1, align')
    add('--out', help='default: root')
    add('--word', default='letter', help='letter, digit, command, color, ...')
    add(
        '--split',
        type=float,
        nargs='+',
        default=[0.75, 0.25],
        help='train test or train val test, where words.csv has no split',
    )
    add('--by-talker', action='store_true', help='talkers cross no split')
    add_arguments(parser)
    args = parser.parse_args(argv)
    args.out = args.out or args.root
    from mmremix.datasets.preparation.grid import grid_samples

    samples = grid_samples(args.root, args.word)
    if args.by_talker:
        if 'talker' not in samples[0]:
            parser.error('words.csv names no talkers and has its own split')
        samples = [{**row, 'group': row['talker']} for row in samples]
    classes = sorted({row['label'] for row in samples})
    return finish(args, samples, classes, named_shares(args.split))


if __name__ == '__main__':
    with errors_as_messages(OSError, ValueError):
        sys.exit(main())
