"""Predict clips, or rows of arrays and tables, with a trained model.

.. code-block:: shell

    python tools/infer.py clip.mp4 --config configs/remix_demo_concat.py \
        --checkpoint work_dirs/remix_demo_concat/epoch_16.pth
    python tools/infer.py folder/ --config C --checkpoint F \
        --out-json results.json --annotate annotated/
    python tools/infer.py --config configs/joint_utd_concat.py \
        --checkpoint F --rows all

One clip gives a table of its top classes; several give a line each. No clip
stops the others: what could not be predicted or annotated is listed at the
end, and the exit status is then 1.
"""

from __future__ import annotations

import argparse
import pickle
import sys

from mmremix.utils.cli import (
    add_answers,
    add_cfg_options,
    add_model,
    add_trust,
    errors_as_messages,
)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('clips', nargs='*', help='media files and folders of them')
    add(
        '--rows',
        nargs='+',
        metavar='ROW',
        help='of a config that tests on arrays or a table: numbers of rows, '
        'as the file counts them (a CSV by line), or all',
    )
    add_model(parser)
    add('--audio', help='the sound, if that is in another file; of one clip')
    add('--start', type=float, help='seconds, of each clip')
    add('--end', type=float, help='seconds, of each clip')
    add_answers(parser)
    add('--batch-size', type=int, default=8)
    add('--out-json', metavar='FILE', help='write everything to this file')
    add(
        '--annotate',
        metavar='FOLDER',
        help='write copies of the clips with their prediction',
    )
    add_trust(parser)
    add_cfg_options(parser)
    return parser


def main() -> int:
    parser = build_parser()
    args = parser.parse_args()
    if bool(args.clips) == bool(args.rows):
        parser.error('name either clips, or --rows of arrays or a table')
    for name in ('topk', 'batch_size'):
        if getattr(args, name) < 1:
            parser.error(f'--{name.replace("_", "-")} must be positive')
    # After parsing, so that --help answers at once.
    from mmremix.apis.infer_command import run

    with errors_as_messages(
        *(ImportError, OSError, RuntimeError, TypeError, ValueError),
        pickle.UnpicklingError,
    ):
        return run(args)


if __name__ == '__main__':
    sys.exit(main())
