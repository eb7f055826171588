"""Search learning rate, warm-up or any other option with Optuna.

.. code-block:: shell

    mmremix sweep CONFIG --trials 20 \
        --space optim_wrapper.optimizer.lr=1e-4:1e-2:log

Each trial is a run of its own. They are judged by held-out samples of the
training set, never by the test set. Run again, it goes on where it stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mmremix.utils.cli import add_cfg_options, errors_as_messages


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--space',
        nargs='+',
        required=True,
        metavar='KEY=VALUES',
        help='LOW:HIGH, LOW:HIGH:log, LOW:HIGH:int, or A,B,C',
    )
    parser.add_argument(
        '--trials', type=int, default=20, help='in all (default: 20)'
    )
    parser.add_argument(
        '--metric',
        default='acc/fusion_top1',
        help='to make large (default: acc/fusion_top1)',
    )
    parser.add_argument(
        '--by',
        metavar='COLUMN',
        help='column whose equal values stay together, such as the speaker',
    )
    parser.add_argument(
        '--work-dir',
        help='folder of all trials; default: work_dirs/<config name>_sweep',
    )
    parser.add_argument(
        '--seed', type=int, default=0, help='of the search and of all runs'
    )
    add_cfg_options(parser)
    return parser


def main() -> None:
    args = build_parser().parse_args()
    # After parsing, so that --help answers at once.
    from mmremix.apis.config_file import read_config
    from mmremix.apis.sweep import (
        judged_by_held_out,
        parse_space,
        sweep,
        sweep_table,
    )
    from mmremix.apis.tool_runs import ToolRuns

    space = parse_space(args.space)
    cfg = read_config(args.config, args.cfg_options)
    default = Path('work_dirs', f'{Path(args.config).stem}_sweep')
    study = sweep(
        judged_by_held_out(cfg, args.by),
        space,
        Path(args.work_dir or default),
        ToolRuns(Path(__file__).resolve().parent),
        trials=args.trials,
        metric=args.metric,
        flags=[f'--seed={args.seed}'],
        seed=args.seed,
    )
    print(f'\n{sweep_table(study)}')


if __name__ == '__main__':
    with errors_as_messages(ImportError):
        main()
