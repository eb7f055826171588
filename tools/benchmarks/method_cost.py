"""What an epoch of each balancing method costs, in joint epochs.

    python tools/benchmarks/method_cost.py --data-root data/demo
    python tools/benchmarks/method_cost.py --methods remix mla --json cost.json

Each file of configs/_base_/methods (without the *_fair ones) is put on top of
a joint config and trained by the project's own runner, in a process of its
own. The processes take turns: an epoch of joint training, one of a method, one
of joint training, one of the next method; so each epoch is compared with the
joint one just before it, and what else the machine does falls on both. A
second joint run among the methods shows what noise is left. All processes
stay in memory until the end; only one works at a time.

The time measured is that of the training loop's epoch with all its hooks:
what a method does before an epoch (scoring, clustering), loading and decoding
(in the process itself, without workers, so that the CPU time holds them), the
steps, the log. Validation, checkpoints, the gradient conflict of every fifth
epoch and what is done once a run (teachers, weights measured beforehand) are
not in it. The first epochs (--skip) are not measured, warm-ups are cut to one
epoch, and what is due every few epochs is averaged in: see method_cases.py.

Encoder passes are those of one sample through one encoder, by sample: joint
training has one with gradient for each modality.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from method_cases import CASES, Case, method_names
from method_runs import WITH, WITHOUT, NotMeasured, Run

from mmremix.utils.cli import add_cfg_options


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        'config',
        nargs='?',
        default='configs/joint_demo_concat.py',
        help='joint config (the demo clips)',
    )
    parser.add_argument(
        '--methods',
        nargs='+',
        metavar='NAME',
        choices=method_names(),
        help=f'of {", ".join(method_names())} (all)',
    )
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument(
        '--skip', type=int, default=2, help='epochs before the first round'
    )
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--data-root', help='of all loaders')
    add_cfg_options(parser)
    parser.add_argument('--json', help='also write the figures here')
    return parser


Rounds = list[tuple[dict[str, float], dict[str, float]]]
"""Of each round the method's turn, and the joint one before it."""


def measure(
    args: argparse.Namespace, folder: Path
) -> tuple[dict[str, Rounds], dict[str, str]]:
    """Let all runs take turns.

    Returns:
        The rounds of each method, and why others could not be measured.
    """
    names = {'joint': None} | {n: n for n in args.methods or method_names()}
    joints: dict[str, Run] = {}
    runs: dict[str, Run] = {}
    taken: dict[str, Rounds] = {}
    failed: dict[str, str] = {}
    try:
        for label, method in names.items():
            case = CASES.get(label, Case())
            try:
                key = repr(case.joint)
                if key not in joints:
                    plain = Case(joint=case.joint)
                    place = folder / f'before_{label}'
                    joints[key] = Run(args, None, plain, place)
                runs[label] = Run(args, method, case, folder / label)
                taken[label] = []
            except NotMeasured as error:
                failed[label] = str(error)
        for _ in range(args.rounds):
            for label in list(runs):
                joint = joints[repr(CASES.get(label, Case()).joint)]
                try:
                    before = joint.turn()
                    taken[label].append((runs[label].turn(), before))
                except NotMeasured as error:
                    failed[label] = str(error)
                    runs.pop(label).end()
                    del taken[label]
    finally:
        for run in (*joints.values(), *runs.values()):
            run.end()
    return taken, failed


def summary(rounds: Rounds) -> dict[str, Any]:
    """A method's figures: medians over its rounds."""
    row: dict[str, Any] = {'rounds': [list(pair) for pair in rounds]}
    for unit in ('cpu_s', 'wall_s'):
        ratios = [method[unit] / joint[unit] for method, joint in rounds]
        row[unit.replace('_s', '_in_joint_epochs')] = {
            'median': statistics.median(ratios),
            'lowest': min(ratios),
            'highest': max(ratios),
        }
    row['items'] = statistics.median(method['items'] for method, _ in rounds)
    for kind in (WITH, WITHOUT):
        keys = {
            k for method, _ in rounds for k in method if k.startswith(kind)
        }
        row[f'passes {kind}'] = {
            key.removeprefix(f'{kind}, '): statistics.median(
                method.get(key, 0.0) for method, _ in rounds
            )
            for key in sorted(keys)
        }
    return row


def print_table(rows: Mapping[str, Any], failed: Mapping[str, str]) -> None:
    width = max(len(name) for name in (*rows, *failed, 'method')) + 2
    print(
        f'{"":<{width}}{"epoch / joint epoch":^48}'
        f'{"encoder passes a sample":^26}{"items":>8}'
    )
    print(
        f'{"method":<{width}}{"CPU":>8}{"range":>16}{"wall":>8}{"range":>16}'
        f'{WITH:>14}{"without":>12}{"/ sample":>9}'
    )
    for name, row in rows.items():
        line = f'{name:<{width}}'
        for unit in ('cpu', 'wall'):
            ratio = row[f'{unit}_in_joint_epochs']
            between = f'{ratio["lowest"]:.2f} to {ratio["highest"]:.2f}'
            line += f'{ratio["median"]:8.2f}{between:>16}'
        for kind, space in ((WITH, 14), (WITHOUT, 12)):
            line += f'{sum(row[f"passes {kind}"].values()):{space}.2f}'
        print(f'{line}{row["items"]:9.2f}')
    for name, row in rows.items():
        if row['note']:
            print(f'{name}: {row["note"]}')
    for name, reason in failed.items():
        print(f'{name}: not measured. {reason}')


def main() -> None:
    parser = build_parser()
    args = parser.parse_args()
    if min(args.rounds, args.skip) < 1:
        parser.error('--rounds and --skip must be at least 1')
    with tempfile.TemporaryDirectory() as folder:
        taken, failed = measure(args, Path(folder))
    rows = {
        name: summary(rounds) | {'note': CASES.get(name, Case()).note}
        for name, rounds in taken.items()
    }
    # Not earlier: a process that uses a GPU cannot be forked.
    device = (
        torch.cuda.get_device_name()
        if torch.cuda.is_available()
        else f'CPU ({platform.machine()})'
    )
    print(
        f'{args.config}, {device}, '
        f'threads: {args.threads}, torch {torch.__version__}, '
        f'rounds: {args.rounds}'
    )
    print_table(rows, failed)
    if args.json:
        report: dict[str, Any] = {'arguments': vars(args), 'device': device}
        report['torch'] = torch.__version__
        report |= {'methods': rows, 'not_measured': failed}
        Path(args.json).write_text(json.dumps(report, indent=2))
    if failed:
        raise SystemExit(1)


if __name__ == '__main__':
    main()
