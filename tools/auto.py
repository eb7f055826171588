"""Choose how to train: short runs, compared on held-out samples.

Trains joint, every sample to all modalities, Remix and each modality alone,
each for a few epochs and once for each fold of the training samples, and
writes the config of what is best on the samples that were held out. Where
that is a pool of heads, tools/crossfit.py trains and fits it. Run again, it
goes on where it stopped.
"""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from mmremix.utils.cli import add_cfg_options, add_pool, errors_as_messages


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config', help='config of the joint model')
    parser.add_argument(
        '--by',
        metavar='COLUMN',
        help='column whose equal values stay together, such as the speaker',
    )
    parser.add_argument(
        '--folds', type=int, default=4, help='how many (default: 4)'
    )
    parser.add_argument(
        '--epochs',
        type=int,
        help="of each short run; default: a third of the config's",
    )
    parser.add_argument(
        '--work-dir',
        metavar='FOLDER',
        help='folder of all runs; default: work_dirs/<config name>_auto',
    )
    add_pool(parser)
    parser.add_argument(
        '--train',
        action='store_true',
        help='then train what was chosen, in full',
    )
    add_cfg_options(parser)
    return parser


def main() -> None:
    args = build_parser().parse_args()
    # After parsing, so that --help answers at once.
    from mmremix.apis.config_file import read_config
    from mmremix.apis.config_text import config_text
    from mmremix.apis.tool_runs import ToolRuns
    from mmremix.study.auto import (
        candidates,
        chosen_config,
        decide,
        short_study,
        table,
    )
    from mmremix.study.command import STOPPED, run_study
    from mmremix.study.records import SHARED_POOL, read_records
    from mmremix.utils.whole_files import write_whole
    from mmremix.visualization.predictions import format_table

    cfg = read_config(args.config, args.cfg_options)
    default = Path('work_dirs', f'{Path(args.config).stem}_auto')
    root = Path(args.work_dir or default)
    base = root / 'joint.py'
    write_whole(base, config_text(cfg).encode())
    epochs = args.epochs or max(2, cfg.train_cfg.max_epochs // 3)
    study = short_study(cfg, str(base), args.by, args.folds, epochs)
    results = root / 'results.json'
    status = run_study(study, root / 'runs', results, args)
    if status == STOPPED:
        raise SystemExit(status)
    known = {method.name for method in study.methods}
    records = [r for r in read_records(results) if r['method'] in known]
    found = candidates(records)
    header, *rows = table(found)
    print(f'\n{format_table(header, rows)}')
    choice, reason = decide(found)
    target = chosen_config(study, cfg, choice, root / 'chosen.py')
    print(f'{reason}\n-> {target}')
    runs = ToolRuns(Path(__file__).resolve().parent)
    if choice.readout == SHARED_POOL:
        command = [
            *(str(target), '--work-dir', str(root / 'chosen')),
            *('--choose', 'pool', '--folds', str(args.folds), '--final'),
            *(['--by', args.by] if args.by else []),
        ]
        if args.train:
            runs.run('crossfit.py', *command)
        else:
            print(f'mmremix crossfit {shlex.join(command)}')
    elif args.train:
        chosen = read_config(str(target))
        print(runs.train(chosen, root / 'chosen', []))


if __name__ == '__main__':
    with errors_as_messages():
        main()
