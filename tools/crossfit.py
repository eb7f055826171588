"""Train once for each fold of the training samples, and choose a read-out.

Every sample is held out once. The log-probabilities of all held-out samples
choose which predictions to listen to; readout.json says what and why. With
--final, the model is trained on all samples too, and its last checkpoint gets
that read-out. Run again, it goes on where it stopped and leaves out what is
done.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mmremix.utils.cli import add_cfg_options, errors_as_messages


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--work-dir',
        help='folder of all runs; default: work_dirs/<config name>_crossfit',
    )
    parser.add_argument(
        '--folds', type=int, default=5, help='how many, default 5'
    )
    parser.add_argument(
        '--by',
        metavar='COLUMN',
        help='column whose equal values stay together, such as the speaker',
    )
    parser.add_argument(
        '--choose',
        choices=['subset', 'pool'],
        default='subset',
        help='heads of some modalities, or fitted weights of all',
    )
    parser.add_argument(
        '--final',
        action='store_true',
        help='train on all samples too, and give it the read-out',
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
    from mmremix.apis import load_config
    from mmremix.apis.config_file import read_config
    from mmremix.apis.crossfit import (
        choose_over_folds,
        collect_fold,
        fold_config,
        give_readout,
    )
    from mmremix.apis.tool_runs import ToolRuns
    from mmremix.engine.readouts.readout_hook import write_evidence
    from mmremix.report.readouts import readout_table

    runs = ToolRuns(Path(__file__).resolve().parent)
    cfg = read_config(args.config, args.cfg_options)
    default = Path('work_dirs', f'{Path(args.config).stem}_crossfit')
    root = Path(args.work_dir or default)
    flags = ['--amp'] if args.amp else []
    if args.seed is not None:
        flags.append(f'--seed={args.seed}')
    files = []
    for fold in range(args.folds):
        folder = root / f'fold_{fold}'
        one = fold_config(cfg, args.folds, fold, args.by)
        last = runs.train(one, folder, flags)
        file = root / f'{folder.name}_{last.stem}.npz'
        if not file.is_file():
            config = str(folder.with_suffix('.py'))
            loaded = load_config(config, work_dir=str(folder))
            collect_fold(loaded, last, args.by, file)
        files.append(file)
    found = choose_over_folds(files, args.choose, args.by)
    path = write_evidence(found, root)
    print(f'\n{readout_table(found)}\n-> {path}')
    weights = {n: round(w, 4) for n, w in found['weights'].items() if w}
    print(f'In a config: model = dict(readout=dict(weights={weights}))')
    if args.final:
        folder = root / 'final'
        last = runs.train(cfg, folder, [*flags, '--no-validate'])
        give_readout(found, last)
        print(f'Trained on all samples, read out by {found["name"]}: {last}')
        runs.run(
            'test.py',
            str(folder.with_suffix('.py')),
            str(last),
            f'--work-dir={folder}',
        )


if __name__ == '__main__':
    with errors_as_messages():
        main()
