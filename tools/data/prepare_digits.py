"""Make one file of arrays of the spoken and written digits.

.. code-block:: shell

    python tools/data/prepare_digits.py --root data/spoken_written_digits
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
    add('--root', required=True, help='folder of samples.csv')
    add('--out', default='data/digits', help='default: %(default)s')
    args = parser.parse_args(argv)
    from mmremix.datasets.preparation.array_set import write_arrays
    from mmremix.datasets.preparation.digits import digits_arrays

    print(write_arrays(Path(args.out, 'digits.npz'), digits_arrays(args.root)))
    return 0


if __name__ == '__main__':
    with errors_as_messages(OSError, ValueError):
        sys.exit(main())
