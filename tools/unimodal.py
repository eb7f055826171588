"""Train each modality alone, from the config of the joint model.

Prints the accuracy of each and of their ensemble (sum of log-probabilities),
and with ``--then-joint`` trains the joint model from their encoders. Run
again, it goes on where it stopped and leaves out what is done.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mmremix.utils.cli import add_cfg_options, errors_as_messages

if TYPE_CHECKING:
    from mmengine.config import Config

TOOLS = Path(__file__).resolve().parent


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config', help='config file of the joint model')
    parser.add_argument(
        '--work-dir',
        help='folder of all runs; default: work_dirs/<config name>_unimodal',
    )
    parser.add_argument(
        '--then-joint',
        action='store_true',
        help='train the joint model too, from the encoders',
    )
    parser.add_argument('--seed', type=int, help='random seed of all runs')
    parser.add_argument(
        '--amp', action='store_true', help='train in mixed precision'
    )
    add_cfg_options(parser)
    return parser


def run(tool: str, *arguments: str) -> None:
    """Run another command of this folder.

    Raises:
        SystemExit: With its status, if it fails.
    """
    done = subprocess.run([sys.executable, str(TOOLS / tool), *arguments])
    if done.returncode:
        print(f'{tool} {" ".join(arguments)} failed; nothing is lost.')
        raise SystemExit(done.returncode)


def write_config(cfg: Config, path: Path) -> None:
    """Write a run's config, or make sure that it is the one there.

    Raises:
        SystemExit: If another one is there.
    """
    from mmremix.apis.config_text import config_text

    text = config_text(cfg)
    if path.is_file() and path.read_text(encoding='utf-8') != text:
        raise SystemExit(
            f'error: {path} is of another config, or of other options. '
            'Name another folder: --work-dir DIR'
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding='utf-8')


def train(cfg: Config, folder: Path, flags: list[str]) -> Path:
    """Train what is not yet trained, in a process of its own.

    Returns:
        The checkpoint of the last epoch.
    """
    from mmremix.apis.unimodal import last_epoch

    # Not in the folder, where the run writes its own under this name.
    config = folder.with_suffix('.py')
    write_config(cfg, config)
    there = last_epoch(folder)
    if there is None or there[0] < cfg.train_cfg.max_epochs:
        resume = [] if there is None else ['--resume']
        run(
            'train.py',
            str(config),
            f'--work-dir={folder}',
            *resume,
            *flags,
        )
        there = last_epoch(folder)
    else:
        print(f'{folder} is trained: {there[1]}')
    if there is None:
        raise SystemExit(f'error: {folder} has no checkpoint epoch_*.pth')
    return there[1]


def main() -> None:
    args = build_parser().parse_args()
    # After parsing, so that --help answers at once.
    from mmremix.apis.config_file import read_config
    from mmremix.apis.unimodal import (
        ENCODERS,
        gather_encoders,
        joint_config,
        modalities_of,
        unimodal_config,
    )

    cfg = read_config(args.config, args.cfg_options)
    default = Path('work_dirs', f'{Path(args.config).stem}_unimodal')
    root = Path(args.work_dir or default)
    flags = ['--amp'] if args.amp else []
    if args.seed is not None:
        flags.append(f'--seed={args.seed}')
    checkpoints, dumps = {}, []
    for name in modalities_of(cfg):
        folder = root / name
        checkpoints[name] = train(unimodal_config(cfg, name), folder, flags)
        dump = folder / f'{checkpoints[name].stem}_test.pkl'
        if not dump.is_file():
            part = dump.with_name(f'unfinished_{dump.name}')
            run(
                'test.py',
                str(folder.with_suffix('.py')),
                str(checkpoints[name]),
                f'--work-dir={folder}',
                f'--dump={part}',
            )
            os.replace(part, dump)
        dumps.append(str(dump))
    run('analysis/ensemble.py', *dumps, '--rule', 'product')
    lines = ', '.join(f'{n}={str(p)!r}' for n, p in checkpoints.items())
    print(
        '\nAs teachers: method_umt = dict(step=dict(\n'
        f'    teachers=dict({lines})))'
    )
    if args.then_joint:
        encoders = root / ENCODERS
        if not encoders.is_file():
            gather_encoders(checkpoints, encoders)
        last = train(joint_config(cfg, encoders), root / 'joint', flags)
        print(f'Joint model, from {encoders}: {last}')
        run(
            'test.py',
            str(root / 'joint.py'),
            str(last),
            f'--work-dir={root / "joint"}',
        )


if __name__ == '__main__':
    with errors_as_messages():
        main()
