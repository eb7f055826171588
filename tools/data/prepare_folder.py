"""Check, split and annotate clips of class folders or of a CSV.

.. code-block:: shell

    python tools/data/prepare_folder.py --root data/mine --split 0.8 0.1 0.1
    python tools/data/prepare_folder.py --root data/mine --csv all.csv \
        --group-column speaker
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
    add('--root', required=True, help='folder of the clips')
    add('--csv', default='', help='your annotation: clip,label,...')
    add('--out', help='default: root')
    add('--split', type=float, nargs='+', default=[0.8, 0.1, 0.1])
    add('--group-column', default='', help='never crosses splits')
    add('--group-regex', default='', help='group, in the path of a clip')
    add_arguments(parser)
    args = parser.parse_args(argv)
    args.out = args.out or args.root
    from mmremix.datasets.preparation.folder import folder_samples

    samples, classes, notes = folder_samples(
        args.root, args.csv, args.group_column, args.group_regex
    )
    shares = named_shares(args.split)
    inputs = [args.csv] if args.csv else []
    return finish(args, samples, classes, shares, notes, inputs)


if __name__ == '__main__':
    with errors_as_messages(OSError, ValueError):
        sys.exit(main())
