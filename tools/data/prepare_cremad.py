"""Check, split and annotate CREMA-D.

.. code-block:: shell

    python tools/data/prepare_cremad.py --root data/cremad --split actors
    python tools/data/prepare_cremad.py --root data/cremad \
        --train-list train.csv --test-list test.csv --out data/cremad_ann
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
    add('--root', required=True, help='checkout of CREMA-D')
    add('--out', help='default: root')
    add('--audio', choices=['wav', 'clip'], default='', help='of which file')
    add('--split', choices=['random', 'actors'], default='random')
    add('--train-list', default='', help='published list, id,LABEL')
    add('--test-list', default='', help='published list, id,LABEL')
    add_arguments(parser)
    args = parser.parse_args(argv)
    if bool(args.train_list) != bool(args.test_list):
        parser.error('give both --train-list and --test-list')
    args.out = args.out or args.root
    from mmremix.datasets.preparation import cremad

    samples, notes = cremad.cremad_samples(
        args.root, args.audio, args.split, args.train_list, args.test_list
    )
    by_actor = args.split == 'actors'
    shares = cremad.ACTOR_SHARES if by_actor else cremad.RANDOM_SHARES
    inputs = [p for p in (args.train_list, args.test_list) if p]
    return finish(args, samples, cremad.CLASSES, shares, notes, inputs)


if __name__ == '__main__':
    with errors_as_messages(OSError, ValueError):
        sys.exit(main())
