"""Measure the loss weights of Gradient-Blend and print the config line.

Trains the fused head and each modality's own by themselves, on a part of the
training set, and compares the losses there with those on the rest of it. Run
again, it leaves out the heads that are done.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mmremix.utils.cli import add_cfg_options, errors_as_messages


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config', help='config file of the joint model')
    parser.add_argument(
        '--work-dir',
        help='folder of all runs; default: work_dirs/<config name>_g_blend',
    )
    parser.add_argument(
        '--epochs', type=int, help="of each run; default: the config's"
    )
    parser.add_argument(
        '--held-out',
        type=float,
        default=0.2,
        help='share of each class of the training set that is held out',
    )
    parser.add_argument(
        '--seed', type=int, default=0, help='of the split and of the runs'
    )
    add_cfg_options(parser)
    return parser


def main() -> None:
    args = build_parser().parse_args()
    # After parsing, so that --help answers at once.
    from mmremix.apis.config_file import read_config
    from mmremix.apis.g_blend import RESULT, measure_blend
    from mmremix.visualization import format_table

    default = Path('work_dirs', f'{Path(args.config).stem}_g_blend')
    work_dir = Path(args.work_dir or default)
    with errors_as_messages(ValueError):
        found = measure_blend(
            read_config(args.config, args.cfg_options),
            work_dir,
            args.epochs,
            args.held_out,
            args.seed,
        )
    rows = [
        [
            head,
            f'{found["generalization"][head]:.4f}',
            f'{found["overfitting"][head]:.4f}',
            f'{weight:.4f}',
        ]
        for head, weight in found['weights'].items()
    ]
    print(format_table(['head', 'G', 'O', 'weight'], rows))
    print(f'-> {work_dir / RESULT}\n\n{found["config"]}')


if __name__ == '__main__':
    main()
