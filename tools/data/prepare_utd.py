"""Make one file of arrays of UTD-MHAD.

.. code-block:: shell

    python tools/data/prepare_utd.py --root data/utd_mhad
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
    add(
        '--root',
        required=True,
        help='folder of samples.csv, or of a1_s1_t1_skeleton.mat ...',
    )
    add('--out', default='data/utd', help='default: %(default)s')
    args = parser.parse_args(argv)
    from mmremix.datasets.preparation.array_set import write_arrays
    from mmremix.datasets.preparation.utd import utd_arrays

    print(write_arrays(Path(args.out, 'utd.npz'), utd_arrays(args.root)))
    return 0


if __name__ == '__main__':
    with errors_as_messages(OSError, ValueError):
        sys.exit(main())
