"""Make one file of arrays of the six views of handwritten digits.

.. code-block:: shell

    python tools/data/prepare_handwritten.py --root data/handwritten6
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
        help='folder of views.npz, or of mfeat-pix ...',
    )
    add('--out', default='data/handwritten', help='default: %(default)s')
    args = parser.parse_args(argv)
    from mmremix.datasets.preparation.array_set import write_arrays
    from mmremix.datasets.preparation.handwritten import handwritten_arrays

    print(
        write_arrays(
            Path(args.out, 'handwritten.npz'), handwritten_arrays(args.root)
        )
    )
    return 0


if __name__ == '__main__':
    with errors_as_messages(OSError, ValueError):
        sys.exit(main())
