"""Train each modality alone, from the config of the joint model.

Prints the accuracy of each and of their ensemble (sum of log-probabilities),
and with ``--then-joint`` trains the joint model from their encoders. Run
again, it goes on where it stopped and leaves out what is done.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from mmremix.utils.cli import add_cfg_options, errors_as_messages


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


def main() -> None:
    args = build_parser().parse_args()
    # After parsing, so that --help answers at once.
    from mmremix.apis.config_file import read_config
    from mmremix.apis.tool_runs import ToolRuns
    from mmremix.apis.unimodal import (
        ENCODERS,
        gather_encoders,
        joint_config,
        modalities_of,
        unimodal_config,
    )

    runs = ToolRuns(Path(__file__).resolve().parent)
    cfg = read_config(args.config, args.cfg_options)
    default = Path('work_dirs', f'{Path(args.config).stem}_unimodal')
    root = Path(args.work_dir or default)
    flags = ['--amp'] if args.amp else []
    if args.seed is not None:
        flags.append(f'--seed={args.seed}')
    checkpoints, dumps = {}, []
    for name in modalities_of(cfg):
        folder = root / name
        checkpoints[name] = runs.train(
            unimodal_config(cfg, name), folder, flags
        )
        dump = folder / f'{checkpoints[name].stem}_test.pkl'
        if not dump.is_file():
            part = dump.with_name(f'unfinished_{dump.name}')
            runs.run(
                'test.py',
                str(folder.with_suffix('.py')),
                str(checkpoints[name]),
                f'--work-dir={folder}',
                f'--dump={part}',
            )
            os.replace(part, dump)
        dumps.append(str(dump))
    runs.run('analysis/ensemble.py', *dumps, '--rule', 'product')
    lines = ', '.join(f'{n}={str(p)!r}' for n, p in checkpoints.items())
    print(
        '\nAs teachers: method_umt = dict(step=dict(\n'
        f'    teachers=dict({lines})))'
    )
    if args.then_joint:
        encoders = root / ENCODERS
        if not encoders.is_file():
            gather_encoders(checkpoints, encoders)
        last = runs.train(joint_config(cfg, encoders), root / 'joint', flags)
        print(f'Joint model, from {encoders}: {last}')
        runs.run(
            'test.py',
            str(root / 'joint.py'),
            str(last),
            f'--work-dir={root / "joint"}',
        )


if __name__ == '__main__':
    with errors_as_messages():
        main()
