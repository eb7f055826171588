"""What a whole epoch of one config costs, in epochs of another.

    python tools/benchmarks/whole_run.py \
        configs/remix_grid_concat.py configs/joint_grid_concat.py
    python tools/benchmarks/whole_run.py configs/joint_grid_concat.py plain

Both are trained by the project's own runner as they are shipped, with their
data workers, hooks, scoring, validation and checkpoints; each in a process of
its own, and the processes take turns: one epoch of the one, one of the other,
then the other way round. Only one works at a time. A turn is all that happens
from the start of an epoch to the start of the next one. ``plain`` stands for
the other config's networks, loaders, batches and optimiser in a loop of plain
PyTorch, with validation and torch.save.

CPU seconds are those of the process and its workers. A ratio is the median
over the rounds of an epoch of A by one of B, with a 95 % interval by
bootstrap over the rounds. The first epochs (--skip) are not measured: in them
scoring and validation decode what later epochs read again. Warm-ups are cut
to --warmup. What is done once a run is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from whole_processes import PLAIN, Trained

from mmremix.utils.cli import add_cfg_options

UNITS = ('cpu_s', 'wall_s')
_DRAWS = 10_000


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config_a', help=f"a config, or '{PLAIN}'")
    parser.add_argument('config_b', help='what A is measured in, the same')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument(
        '--skip', type=int, default=2, help='epochs before the first round'
    )
    parser.add_argument(
        '--warmup', type=int, default=1, help='of methods that have one'
    )
    parser.add_argument(
        '--threads',
        type=int,
        help='of torch in the training processes (what torch takes)',
    )
    parser.add_argument('--data-root', help='of all loaders')
    parser.add_argument(
        '--samples', type=int, help='the first so many of each data set'
    )
    parser.add_argument(
        '--repo-b', help='checkout of mmremix that B is trained with'
    )
    add_cfg_options(parser)
    parser.add_argument('--out', help='also write the figures here, as JSON')
    return parser


def measure(
    args: argparse.Namespace, folder: Path
) -> dict[str, list[dict[str, float]]]:
    """Seconds of each round's epochs of A and of B."""
    runs: dict[str, Trained] = {}
    taken: dict[str, list[dict[str, float]]] = {'a': [], 'b': []}
    try:
        for name in taken:
            runs[name] = Trained(args, name, folder / name)
        for number in range(args.rounds):
            # Not always the same one after the other.
            for name in sorted(taken, reverse=bool(number % 2)):
                taken[name].append(runs[name].epoch())
                # A long run that is ended has not been for nothing.
                print(
                    f'round {number + 1}, {name.upper()}: {taken[name][-1]}',
                    file=sys.stderr,
                    flush=True,
                )
    finally:
        for run in runs.values():
            run.end()
    return taken


def spread(ratios: Sequence[float]) -> dict[str, Any]:
    """Median of the ratios and its 95 % interval by bootstrap."""
    values = np.array(ratios)
    draws = np.random.default_rng(0).choice(values, (_DRAWS, len(values)))
    low, high = np.quantile(np.median(draws, axis=1), (0.025, 0.975))
    return {
        'median': float(np.median(values)),
        'interval': [float(low), float(high)],
        'rounds': [float(value) for value in values],
    }


def summary(taken: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    """Seconds of both, and the ratios."""
    found: dict[str, Any] = {}
    for unit in UNITS:
        a, b = ([epoch[unit] for epoch in taken[n]] for n in ('a', 'b'))
        found[unit] = {
            'a': float(np.median(a)),
            'b': float(np.median(b)),
            'a_by_b': spread([x / y for x, y in zip(a, b, strict=True)]),
        }
    return found


def print_table(args: argparse.Namespace, found: dict[str, Any]) -> None:
    names = {n: getattr(args, f'config_{n}') for n in ('a', 'b')}
    width = max(map(len, names.values())) + 4
    print(f'{"seconds an epoch":<{width}}{"CPU":>9}{"wall":>9}')
    for name, config in names.items():
        times = ''.join(f'{found[unit][name]:9.2f}' for unit in UNITS)
        print(f'{name.upper()} {config:<{width - 2}}{times}')
    for unit in UNITS:
        ratio = found[unit]['a_by_b']
        low, high = ratio['interval']
        print(
            f'A / B, {unit[:-2]}: {ratio["median"]:.3f} '
            f'[{low:.3f}, {high:.3f}]'
        )


def main() -> None:
    parser = build_parser()
    args = parser.parse_args()
    if min(args.rounds, args.skip) < 1:
        parser.error('--rounds and --skip must be at least 1')
    if args.config_a == args.config_b == PLAIN:
        parser.error(f"'{PLAIN}' needs the config whose networks it trains")
    with tempfile.TemporaryDirectory() as folder:
        taken = measure(args, Path(folder))
    found = summary(taken)
    print(
        f'CPU ({platform.machine()}, {os.cpu_count()} cores), torch '
        f'{torch.__version__}, {args.rounds} rounds'
    )
    print_table(args, found)
    if args.out:
        report = {'arguments': vars(args), 'torch': torch.__version__}
        report |= {'epochs': taken, **found}
        Path(args.out).write_text(json.dumps(report, indent=2) + '\n')


if __name__ == '__main__':
    main()
