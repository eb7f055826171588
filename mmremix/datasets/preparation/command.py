"""Arguments and run that the preparation tools share."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what every preparation tool takes."""
    add = parser.add_argument
    add('--seed', type=int, default=0, help='of the random split')
    add('--workers', type=int, default=4, help='processes')
    add(
        '--check',
        choices=['header', 'decode', 'full'],
        default='decode',
        help='open streams, read middle and end, or read everything',
    )
    add(
        '--on-broken',
        choices=['list', 'fail'],
        default='list',
        help='list: leave broken clips out, and write them to broken.csv',
    )
    add('--hash-media', action='store_true', help='checksums of clips too')
    add('--dry-run', action='store_true', help='check and report only')


def finish(
    args: argparse.Namespace,
    samples: Sequence[Mapping[str, Any]],
    classes: Sequence[str],
    shares: Mapping[str, float] | None = None,
    notes: Sequence[str] = (),
    inputs: Sequence[str] = (),
) -> int:
    """Prepare, print the report and return the exit status."""
    from mmremix.datasets.preparation.prepare import prepare

    report = prepare(
        samples,
        args.out,
        classes,
        shares,
        seed=args.seed,
        check=args.check,
        workers=args.workers,
        on_broken=args.on_broken,
        dry_run=args.dry_run,
        hash_media=args.hash_media,
        notes=notes,
        inputs=inputs,
    )
    print(report, end='')
    print('dry run, nothing written' if args.dry_run else f'-> {args.out}')
    if not args.dry_run and _leaves(samples, args.out):
        print(
            'Its clips are outside of that folder. In the data set of the '
            f"config, write:\n    data_root='{args.out}', allow_outside=True,"
        )
    return 0


def _leaves(samples: Sequence[Mapping[str, Any]], folder: str) -> bool:
    """Whether a clip is not below a folder."""
    top = os.path.join(os.path.realpath(folder), '')
    return not all(
        os.path.realpath(row[key]).startswith(top)
        for row in samples
        for key in ('clip', 'audio')
        if row.get(key) and not row.get('reason')
    )


def named_shares(values: Sequence[float]) -> dict[str, float]:
    """Names of two shares (train, test) or three (train, val, test)."""
    if len(values) not in (2, 3):
        raise ValueError(
            f'--split takes train test or train val test, got {list(values)}.'
        )
    names = ('train', 'test') if len(values) == 2 else ('train', 'val', 'test')
    shares = dict(zip(names, values, strict=True))
    return {name: share for name, share in shares.items() if share}
