"""What scoring and a remix epoch cost, in joint epochs.

    python tools/benchmarks/epoch_cost.py --quick
    torchrun --nproc_per_node 8 tools/benchmarks/epoch_cost.py

Random inputs of CREMA-D's shape (spectrogram 1 x 257 x 188, two frames
3 x 224 x 224, 6 classes) go through the project's own recognizer, optimiser
wrapper and scoring pass; nothing is decoded, see loader.py for that. All
phases take turns within one run, since machines are noisy; figures are
medians over the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from epoch_trainer import SHAPES, Trainer, batches
from mmengine.dist import all_reduce, get_local_rank, get_rank, get_world_size
from scoring_choices import RECOMMENDED, SCORING

from mmremix.engine.scoring.forward import ScoringForward
from mmremix.engine.scoring.options import ScoringOptions

# CREMA-D's published split.
NUM_TRAIN, NUM_TEST = 6698, 744
QUICK = ('fp32', RECOMMENDED)
# Share of the samples that recheck=0.05 scores again in float32, rounded up;
# scoring_agreement.py found 0.02 and 0.09.
RECHECKED = 0.1


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--samples', type=int, default=128, help='an epoch')
    parser.add_argument('--batch-size', type=int, default=32)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument(
        '--share', type=float, default=0.5, help='of the audio samples'
    )
    parser.add_argument('--depth', type=int, default=18, help='of the ResNets')
    parser.add_argument(
        '--train-bf16', action='store_true', help='train under autocast'
    )
    parser.add_argument(
        '--channels-last', action='store_true', help='model option'
    )
    parser.add_argument('--compile', action='store_true', help='model option')
    parser.add_argument(
        '--fused', action='store_true', help='optimiser option'
    )
    parser.add_argument(
        '--quick', action='store_true', help='16 samples, 3 rounds, no options'
    )
    parser.add_argument('--json', help='also write the figures here')
    return parser


def build_phases(
    args: argparse.Namespace, device: torch.device
) -> dict[str, Callable[[], None]]:
    """What takes turns; each call is one epoch."""
    both = tuple(SHAPES)
    num_audio = round(args.samples * args.share)
    split = (
        (args.samples - num_audio, ('video',)),
        (num_audio, ('audio',)),
    )
    groups = [group for group in split if group[0]]
    skip = Trainer(args, device, 'skip')
    feature = Trainer(args, device, 'feature')
    # As after the warm-up, every parameter has its momentum. (torch's fused
    # SGD needs that.)
    for trainer in (skip, feature):
        trainer.train((2, both))

    def scoring(options: dict[str, Any]) -> Callable[[], None]:
        def run() -> None:
            forward = ScoringForward(skip.model, ScoringOptions(**options))
            data = batches(((args.samples, both),), args.batch_size, True)
            for batch in data:
                forward(batch)

        return run

    phases = {
        'joint training': lambda: skip.train((args.samples, both)),
        'remix training, skip': lambda: skip.train(*groups),
        'remix training, feature': lambda: feature.train(*groups),
    }
    for name in QUICK if args.quick else SCORING:
        phases[f'scoring, {name}'] = scoring(SCORING[name])
    return phases


def measure(
    phases: dict[str, Callable[[], None]], rounds: int, device: torch.device
) -> dict[str, dict[str, float]]:
    """Medians of the wall and CPU seconds of the slowest rank."""
    taken: dict[str, list[tuple[float, float]]] = {n: [] for n in phases}
    # The first round warms up.
    for number in range(rounds + 1):
        for name, run in phases.items():
            synchronize(device)
            wall, cpu = time.perf_counter(), time.process_time()
            run()
            synchronize(device)
            both = torch.tensor(
                [time.perf_counter() - wall, time.process_time() - cpu],
                device=device,
            )
            all_reduce(both, 'max')
            if number:
                taken[name].append(tuple(both.tolist()))
    return {
        name: {
            'wall_s': statistics.median(wall for wall, _ in times),
            'cpu_s': statistics.median(cpu for _, cpu in times),
        }
        for name, times in taken.items()
    }


def synchronize(device: torch.device) -> None:
    if device.type == 'cuda':
        torch.cuda.synchronize(device)


def ratios(
    seconds: dict[str, dict[str, float]], unit: str
) -> dict[str, float]:
    """Everything in joint epochs."""
    joint = seconds['joint training'][unit]
    cost = {name: s[unit] / joint for name, s in seconds.items()}
    skip, feature = (cost[f'remix training, {m}'] for m in ('skip', 'feature'))
    plain = cost['scoring, fp32']
    cheap = cost[f'scoring, {RECOMMENDED}'] + RECHECKED * plain
    test = plain * NUM_TEST / NUM_TRAIN
    published = plain + feature
    return {
        **cost,
        f'scoring, recommended, {RECHECKED:.0%} twice': cheap,
        'cycle, as published (feature, fp32)': published,
        'cycle, skip, fp32': plain + skip,
        'cycle, skip, recommended': cheap + skip,
        'cycle skip / cycle feature': (cheap + skip) / published,
        '60 epochs, 10 of warm-up, with tests': (
            10 + 50 * (cheap + skip) + 60 * test
        )
        / (60 + 60 * test),
    }


def print_table(
    seconds: dict[str, dict[str, float]], relative: dict[str, dict[str, float]]
) -> None:
    print(f'{"":<40}{"wall s":>9}{"CPU s":>9}{"wall":>8}{"CPU":>8}')
    for name in relative['wall_s']:
        row = seconds.get(name)
        times = f'{row["wall_s"]:9.2f}{row["cpu_s"]:9.2f}' if row else ' ' * 18
        wall, cpu = relative['wall_s'][name], relative['cpu_s'][name]
        print(f'{name:<40}{times}{wall:8.3f}{cpu:8.3f}')


def main() -> None:
    args = build_parser().parse_args()
    if args.quick:
        args.samples, args.batch_size, args.rounds = 16, 8, 3
    device = torch.device('cpu')
    if torch.cuda.is_available():
        device = torch.device('cuda', get_local_rank())
        torch.cuda.set_device(device)
    if 'RANK' in os.environ:
        torch.distributed.init_process_group(
            'nccl' if device.type == 'cuda' else 'gloo'
        )
    seconds = measure(build_phases(args, device), args.rounds, device)
    relative = {unit: ratios(seconds, unit) for unit in ('wall_s', 'cpu_s')}
    if get_rank() == 0:
        name = (
            torch.cuda.get_device_name(device)
            if device.type == 'cuda'
            else f'CPU, {torch.get_num_threads()} threads'
        )
        print(
            f'{name}, {get_world_size()} processes, torch {torch.__version__},'
            f' {args.samples} samples a process in batches of '
            f'{args.batch_size}, audio share {args.share}, '
            f'{args.rounds} rounds'
        )
        print_table(seconds, relative)
        if args.json:
            report = {'arguments': vars(args), 'device': name}
            report |= {'seconds': seconds, 'in_joint_epochs': relative}
            Path(args.json).write_text(json.dumps(report, indent=2))
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


if __name__ == '__main__':
    main()
