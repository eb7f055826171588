"""Record what runs end with, to compare two versions of the code bit by bit.

.. code-block:: shell

    python tools/benchmarks/golden_run.py record before.json
    # ... change the code, or: --repo ANOTHER_CHECKOUT ...
    python tools/benchmarks/golden_run.py record after.json
    python tools/benchmarks/golden_run.py compare before.json after.json

Each run trains on small demo clips through ``tools/train.py`` and is noted as
digests of weights, optimiser state, scores and assignments of its last
checkpoint. Digests depend on the machine and on the version of torch: compare
records of one machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_BASE = """_base_ = [{base!r}]
model = dict(num_classes=6, encoders=dict(
    video=dict(base_channels=4), audio=dict(base_channels=4)))
train_cfg = dict(max_epochs=4)
train_dataloader = dict(
    batch_size={batch}, num_workers=0, persistent_workers=False,
    dataset=dict(data_root={data!r}))
val_dataloader = dict(
    batch_size=8, num_workers=0, persistent_workers=False,
    dataset=dict(data_root={data!r}))
test_dataloader = val_dataloader
"""
_HOOK = "custom_hooks = [dict(type='KLScoreHook', warmup_epochs=2{more})]\n"
_REMIX = _HOOK.format(more='')


def _sampler(**options: Any) -> str:
    return f'train_dataloader.update(batch_sampler=dict({_kw(options)}))\n'


def _kw(options: dict[str, Any]) -> str:
    return ', '.join(f'{name}={value!r}' for name, value in options.items())


# Name: what the config adds, arguments of train.py, ranks, killed once.
CASES: dict[str, tuple[str, list[str], int, bool]] = {
    'joint': ('', [], 1, False),
    'remix': (_REMIX, [], 1, False),
    'remix_killed': (_REMIX, [], 1, True),
    'joint_amp': ('', ['--amp'], 1, False),
    'remix_amp': (_REMIX, ['--amp'], 1, False),
    'joint_2_ranks': ('', [], 2, False),
    'remix_2_ranks': (_REMIX, [], 2, False),
    'remix_accumulation': (
        _REMIX
        + 'optim_wrapper = dict(accumulative_counts=2)\n'
        + _sampler(accumulation=2),
        [],
        1,
        False,
    ),
    'remix_options': (
        _HOOK.format(more=', min_share=0.3, bn_recalibration=True')
        + _sampler(order='shuffled', tail='pad', joint_share=0.3, passes=2),
        [],
        1,
        False,
    ),
    'remix_fixed_alternate': (
        _REMIX + _sampler(order='alternate', tail='fixed'),
        [],
        1,
        False,
    ),
    'remix_feature': (
        _REMIX + "model.update(mask='feature')\n",
        [],
        1,
        False,
    ),
    'remix_mmtm': (
        _REMIX + "model.update(fusion=dict(_delete_=True, type='MMTM'))\n",
        [],
        1,
        False,
    ),
    'decouple_only': (
        _REMIX
        + 'train_dataloader.update(batch_sampler=dict(reassemble=False),\n'
        + "    collate_fn=dict(type='mmremix.multimodal_collate'))\n",
        [],
        1,
        False,
    ),
    'reassemble_only': (_REMIX + _sampler(decouple=False), [], 1, False),
    'random_clipped': (
        _HOOK.format(more=", rule='random'")
        + 'optim_wrapper = dict(clip_grad=dict(max_norm=0.5))\n',
        [],
        1,
        False,
    ),
}


def train(repo: Path, config: Path, work: Path, name: str) -> None:
    """Train one case; with a SIGKILL and a resume if it says so."""
    _, more, ranks, killed = CASES[name]
    launch = [sys.executable]
    if ranks > 1:
        launch += ['-m', 'torch.distributed.run', '--nproc_per_node']
        launch += [str(ranks), '--master_port', '29611']
        more = [*more, '--launcher', 'pytorch']
    command = [*launch, str(repo / 'tools/train.py'), str(config)]
    command += ['--work-dir', str(work), *more]
    env = {**os.environ, 'PYTHONPATH': str(repo), 'OMP_NUM_THREADS': '1'}
    with open(work.with_suffix('.log'), 'ab') as log:
        common: dict[str, Any] = {'env': env, 'cwd': repo, 'stderr': log}
        if killed:
            process = subprocess.Popen(command, stdout=log, **common)
            while not (work / 'epoch_3.pth').exists():
                if process.poll() is not None:
                    raise SystemExit(f'{name} ended before epoch 3')
                time.sleep(0.02)
            process.send_signal(signal.SIGKILL)
            process.wait()
            command.append('--resume')
        done = subprocess.run(command, stdout=log, check=False, **common)
    if done.returncode:
        text = work.with_suffix('.log').read_text(errors='replace')
        raise SystemExit(f'{name} failed:\n{text[-3000:]}')


def digests(checkpoint: Path) -> dict[str, str]:
    """A digest of each tensor of a checkpoint's parts that must not change."""
    import torch

    found = {}
    state = torch.load(checkpoint, weights_only=True, map_location='cpu')
    parts = {key: state.get(key) for key in ('state_dict', 'optimizer')}
    plan = state.get('plan') or {}
    remix = plan.get('tensors') or state.get('remix') or {}
    parts['remix'] = {
        key: remix[key] for key in ('scores', 'assignments') if key in remix
    }
    stack: list[tuple[str, Any]] = list(parts.items())
    while stack:
        path, value = stack.pop()
        if isinstance(value, torch.Tensor):
            content = value.contiguous().numpy().tobytes()
            found[path] = hashlib.sha256(content).hexdigest()[:16]
        elif isinstance(value, dict):
            stack += [(f'{path}/{k}', v) for k, v in value.items()]
        elif isinstance(value, list):
            stack += [(f'{path}/{k}', v) for k, v in enumerate(value)]
    return found


def record(out: Path, repo: Path, names: list[str]) -> None:
    """Run the cases and write their digests."""
    records = json.loads(out.read_text()) if out.is_file() else {}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, 'demo')
        make = [sys.executable, str(repo / 'tools/data/make_demo.py')]
        make += ['--out', str(data), '--num-train', '40', '--num-test', '12']
        env = {**os.environ, 'PYTHONPATH': str(repo)}
        subprocess.run(make, check=True, env=env, stdout=subprocess.DEVNULL)
        for name in names:
            extra, _, ranks, _ = CASES[name]
            text = _BASE.format(
                base=str(repo / 'configs/joint_demo_concat.py'),
                data=str(data),
                batch=8 // ranks,
            )
            config = Path(folder, f'{name}.py')
            config.write_text(text + extra)
            work = Path(folder, f'run_{name}')
            begin = time.perf_counter()
            train(repo, config, work, name)
            records[name] = digests(work / 'epoch_4.pth')
            out.write_text(json.dumps(records, indent=1))
            seconds = time.perf_counter() - begin
            print(f'{name}: {len(records[name])} tensors, {seconds:.0f} s')


def compare(one: Path, other: Path) -> int:
    """Print what differs; the status is 1 if anything does."""
    first, second = (json.loads(p.read_text()) for p in (one, other))
    status = 0
    for name in sorted(first.keys() | second.keys()):
        a, b = first.get(name), second.get(name)
        if a is None or b is None:
            print(f'{name}: only in one of the records')
            status = 1
            continue
        differing = [k for k in a.keys() | b.keys() if a.get(k) != b.get(k)]
        status |= bool(differing)
        print(
            f'{name}: {len(a)} tensors, '
            + (f'{len(differing)} differ' if differing else 'identical')
        )
    return status


def main() -> int:
    parser = argparse.ArgumentParser(
        description=str(__doc__).split('..', 1)[0]
    )
    add = parser.add_subparsers(dest='command', required=True).add_parser
    recording = add('record', help='run the cases')
    recording.add_argument('out', type=Path, help='JSON file to write')
    recording.add_argument('--repo', type=Path, default=ROOT, help='checkout')
    recording.add_argument(
        '--cases', nargs='+', default=list(CASES), choices=list(CASES)
    )
    comparing = add('compare', help='compare two records')
    comparing.add_argument('one', type=Path)
    comparing.add_argument('other', type=Path)
    args = parser.parse_args()
    if args.command == 'compare':
        return compare(args.one, args.other)
    record(args.out, args.repo.resolve(), args.cases)
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
