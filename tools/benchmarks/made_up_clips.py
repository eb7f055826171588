"""Write a data set of made-up clips, of the shape of CREMA-D's by default.

.. code-block:: shell

    python tools/benchmarks/made_up_clips.py --out data/made_up
    python tools/benchmarks/whole_run.py configs/remix_cremad_concat.py \
        configs/joint_cremad_concat.py --data-root data/made_up \
        --cfg-options train_dataloader.batch_size=16

H.264 and AAC, with train.csv and test.csv; nothing is to be learned from them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from loader_clips import write_clips

from mmremix.datasets import CREMAD


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('--out', default='data/made_up', help='default: %(default)s')
    add('--train', type=int, default=64, help='clips')
    add('--test', type=int, default=16, help='clips')
    add('--size', type=int, nargs=2, default=[480, 360])
    add('--seconds', type=float, default=3.0)
    return parser


def main() -> None:
    args = build_parser().parse_args()
    folder = Path(args.out)
    folder.mkdir(parents=True, exist_ok=True)
    write_clips(folder, args.train + args.test, args.size, args.seconds)
    classes = CREMAD.METAINFO['classes']
    rows = [
        f'{path.name},{classes[number % len(classes)]}\n'
        for number, path in enumerate(sorted(folder.glob('*.mp4')))
    ]
    for name, part in (
        ('train', rows[: args.train]),
        ('test', rows[args.train :]),
    ):
        text = 'clip,label\n' + ''.join(part)
        Path(folder, f'{name}.csv').write_text(text, encoding='utf-8')


if __name__ == '__main__':
    main()
