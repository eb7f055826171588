"""Make one file of arrays of one spoken word of GRID: mouth and sound.

.. code-block:: shell

    python tools/data/prepare_letters.py --root data/grid_s1
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmremix.utils.cli import errors_as_messages


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('--root', required=True, help='folder of words.csv and clips')
    add('--out', default='data/letters', help='default: %(default)s')
    add('--word', default='letter', help='letter, digit, command, color, ...')
    add(
        '--snr',
        type=float,
        nargs='*',
        default=[10.0, 0.0, -10.0],
        help='dB of white noise that a sample has in every epoch, each for '
        'an array of its own; default: %(default)s',
    )
    args = parser.parse_args(argv)
    from mmremix.datasets.preparation.array_set import write_arrays
    from mmremix.datasets.preparation.letters import letters_arrays

    arrays = letters_arrays(args.root, args.word, args.snr)
    print(write_arrays(Path(args.out, 'letters.npz'), arrays))
    return 0


if __name__ == '__main__':
    with errors_as_messages(OSError, ValueError):
        sys.exit(main())
