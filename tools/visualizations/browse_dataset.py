"""Draw samples as the pipeline of a config makes them, as a PNG.

.. code-block:: shell

    python tools/visualizations/browse_dataset.py \
        configs/remix_demo_concat.py --split train --out samples.png

A row for each sample: label, clip, pictures, waveform and spectrogram, with
the augmentation of the split.
"""

from __future__ import annotations

import argparse

import numpy as np

from mmremix.utils.cli import add_cfg_options, errors_as_messages


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config')
    parser.add_argument(
        '--split', choices=['train', 'val', 'test'], default='train'
    )
    parser.add_argument('--num', type=int, default=12, help='samples')
    parser.add_argument(
        '--indices', type=int, nargs='+', help='these instead of random ones'
    )
    parser.add_argument(
        '--active', nargs='+', help='modalities that the samples keep'
    )
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--out', default='samples.png')
    add_cfg_options(parser)
    args = parser.parse_args()
    # After parsing, so that --help answers at once.
    from mmremix.apis import load_config
    from mmremix.registry import DATASETS
    from mmremix.visualization.contact_sheet import contact_sheet
    from mmremix.visualization.sample_view import view_samples

    cfg = load_config(args.config, cfg_options=args.cfg_options)
    loader = cfg.get(f'{args.split}_dataloader')
    if loader is None:
        parser.error(f'{args.config} has no {args.split}_dataloader')
    dataset = DATASETS.build(loader.dataset)
    indices = args.indices
    if indices is None:
        rng = np.random.default_rng(args.seed)
        count = min(args.num, len(dataset))
        indices = sorted(rng.choice(len(dataset), count, False).tolist())
    active = tuple(args.active) if args.active else None
    contact_sheet(view_samples(dataset, indices, args.seed, active), args.out)
    print(f'{args.out}: samples {indices} of {len(dataset)}')


if __name__ == '__main__':
    with errors_as_messages(OSError, ValueError):
        main()
