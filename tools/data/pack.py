"""Make compact copies of clips, so that training decodes no large files.

.. code-block:: shell

    python tools/data/pack.py --config configs/remix_ks_concat.py \
        --dataset train --out data/ks_packed --short-side 256 --fps 10
    python tools/data/pack.py --ann-file train.csv --data-root data/mine \
        --out data/mine_packed --format clip --short-side 256

Formats: 'array' (.mmpk, frames and waveform as memory-mapped arrays, nothing
to decode) and 'clip' (.mp4). Writes OUT/NAME.csv, whose rows are those of the
annotation, and prints what to set in the config. Start it again after it was
stopped: copies that are there and whole are kept.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from mmremix.utils.cli import add_cfg_options, errors_as_messages


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('--out', required=True, help='folder of the copies')
    add('--name', help='of the new annotation, without .csv')
    add('--config', help='take the data set of this config')
    add('--dataset', default='train', help='train, val or test')
    add_cfg_options(parser)
    add('--ann-file', default='', help='CSV, as AVDataset reads it')
    add('--data-root', default='', help='folder of annotation and clips')
    add('--clip-prefix', default='', help='folder of clips in data-root')
    add('--clip-suffix', default='', help='appended to clips, as .mp4')
    pairs: dict[str, Any] = {
        'nargs': '+',
        'default': [],
        'metavar': 'KEY=VALUE',
    }
    add(
        '--allow-outside',
        action='store_true',
        help='read clips outside of data-root too, where the CSV names them',
    )
    add('--columns', **pairs, help='names of columns: label=word')
    add('--filter', **pairs, help='rows to keep: split=train')
    add('--margin', type=float, help='seconds on both sides of segments')
    add('--format', choices=['array', 'clip'], default='array')
    add('--modalities', nargs='+', default=['video', 'audio'])
    add(
        '--column',
        choices=['clip', 'audio'],
        default='clip',
        help='audio, with --modalities audio: the clips stay, only their '
        'sound is read from the copies',
    )
    add('--short-side', type=int, help='pixels; default: as it is')
    add('--fps', type=float, help='default: every frame at its time')
    add('--sample-rate', type=int, help='default: that of the sound')
    add('--audio-dtype', default='int16', help='array: int16, float16, ...')
    add('--crf', type=int, default=20, help='clip: quality of H.264')
    add('--gop', type=int, default=12, help='clip: frames per key frame')
    add('--audio-codec', default='aac', help='clip: aac or flac')
    add('--audio-bit-rate', type=int, default=96000, help='clip: of aac')
    add('--flow', choices=['dis', 'farneback'], help='array: keep flow too')
    add('--flow-gap', type=float, default=0.04, help='seconds')
    add('--flow-bound', type=float, default=20.0, help='pixels')
    add('--frame-rate', type=float, help='of image folders')
    add('--npy-sample-rate', type=int, help='of .npy sounds')
    add('--workers', type=int, default=1, help='threads')
    add(
        '--on-broken',
        choices=['fail', 'list'],
        default='fail',
        help='list: leave broken clips out of the annotation; both write '
        'OUT/broken.csv',
    )
    add('--dry-run', action='store_true', help='only say what is to be done')
    return parser


def main() -> int:
    parser = build_parser()
    args = parser.parse_args()
    if (args.config is None) == (not (args.ann_file or args.data_root)):
        parser.error('give either --config, or --ann-file and --data-root')
    # After parsing, so that --help answers at once.
    from mmremix.datasets.packing.command import run

    return run(args)


if __name__ == '__main__':
    with errors_as_messages(OSError, TypeError, ValueError):
        sys.exit(main())
