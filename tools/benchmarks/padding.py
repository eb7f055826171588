"""How much of the batches is padding, without and with ``bucket``.

.. code-block:: shell

    python tools/benchmarks/padding.py data/utd/utd.npz --array skeleton

Plans epochs over the lengths in an array file, ``<array>_length``, and counts
steps; nothing is trained. Share of padding in all steps of the batches, mean
and range over the seeds.
"""

from __future__ import annotations

import argparse
from statistics import fmean

import numpy as np
import torch

from mmremix.remix import Items, plan


def padded_share(
    lengths: torch.Tensor, batch_size: int, bucket: int, seed: int
) -> float:
    """Of one epoch, each sample once."""
    generator = torch.Generator().manual_seed(seed)
    batches = plan(
        Items.complete(len(lengths), 1),
        torch.randperm(len(lengths), generator=generator),
        batch_size=batch_size,
        generator=generator,
        lengths=lengths.double(),
        window=bucket,
    )
    parts = [lengths[batch.rows] for batch in batches]
    total = sum(int(part.max()) * len(part) for part in parts)
    return 1 - int(lengths.sum()) / total


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('file', help='.npz of arrays')
    parser.add_argument('--array', required=True, help='name, as skeleton')
    parser.add_argument('--batch-size', type=int, default=32)
    parser.add_argument(
        '--bucket', type=int, nargs='+', default=[0, 2, 5, 10, 50]
    )
    parser.add_argument('--seeds', type=int, default=5)
    return parser


def main() -> None:
    args = build_parser().parse_args()
    with np.load(args.file, allow_pickle=False) as arrays:
        lengths = torch.from_numpy(arrays[f'{args.array}_length'])
    print(
        f'{len(lengths)} samples of {int(lengths.min())} to '
        f'{int(lengths.max())} steps, batches of {args.batch_size}'
    )
    for bucket in args.bucket:
        shares = [
            padded_share(lengths, args.batch_size, bucket, seed)
            for seed in range(args.seeds)
        ]
        print(
            f'bucket={bucket}: {fmean(shares):.3f} padding '
            f'({min(shares):.3f} to {max(shares):.3f})'
        )


if __name__ == '__main__':
    main()
