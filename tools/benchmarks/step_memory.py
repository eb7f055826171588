"""Peak memory of a training step, in joint steps.

    python tools/benchmarks/step_memory.py --batch-size 32

Two steps in a process of their own, for all modalities and for each. On CPU
the peak is of the resident size, on CUDA of what torch has allocated.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import torch
from epoch_trainer import SHAPES, Trainer


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        'active', nargs='?', help='measure a step of these alone: video,audio'
    )
    parser.add_argument('--batch-size', type=int, default=32)
    parser.add_argument('--depth', type=int, default=18, help='of the ResNets')
    parser.add_argument(
        '--train-bf16', action='store_true', help='train under autocast'
    )
    parser.add_argument('--json', help='also write the figures here')
    parser.set_defaults(channels_last=False, compile=False, fused=False)
    return parser


def peak_memory(args: argparse.Namespace) -> None:
    """Peak resident size (CUDA: allocated) of the process, step by step."""
    peaks = {}
    options = [f'--batch-size={args.batch_size}', f'--depth={args.depth}']
    options += ['--train-bf16'] * args.train_bf16
    for name in (','.join(SHAPES), *SHAPES):
        command = [sys.executable, __file__, name, *options]
        done = subprocess.run(command, check=True, capture_output=True)
        peaks[name] = json.loads(done.stdout.splitlines()[-1])
    print(f'{"":<12}{"before":>10}{"peak":>10}{"peak":>10}{"added":>10}')
    print(f'{"":<12}{"MB":>10}{"MB":>10}{"joint = 1":>10}{"joint = 1":>10}')
    joint_before, joint_peak = peaks[','.join(SHAPES)]
    for name, (before, peak) in peaks.items():
        added = (peak - before) / (joint_peak - joint_before)
        print(
            f'{name:<12}{before:10.0f}{peak:10.0f}{peak / joint_peak:10.2f}'
            f'{added:10.2f}'
        )
    if args.json:
        Path(args.json).write_text(json.dumps(peaks, indent=2))


def one_step(args: argparse.Namespace, device: torch.device) -> None:
    """Two training steps; prints peaks, before and after, in megabytes."""
    trainer = Trainer(args, device, 'skip')
    before = peak_megabytes(device)
    for _ in range(2):
        trainer.train((args.batch_size, tuple(args.active.split(','))))
    print(json.dumps([before, peak_megabytes(device)]))


def peak_megabytes(device: torch.device) -> float:
    if device.type == 'cuda':
        return torch.cuda.max_memory_allocated(device) / 1e6
    status = Path('/proc/self/status').read_text()
    line = next(x for x in status.splitlines() if x.startswith('VmHWM'))
    return int(line.split()[1]) * 1024 / 1e6


def main() -> None:
    args = build_parser().parse_args()
    if args.active is None:
        peak_memory(args)
        return
    device = torch.device('cpu')
    if torch.cuda.is_available():
        device = torch.device('cuda', torch.cuda.current_device())
    one_step(args, device)


if __name__ == '__main__':
    main()
