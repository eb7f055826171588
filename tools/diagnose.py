"""Whether balancing is likely to help, from joint training alone.

Of a config, the joint model is trained once for each fold of the training
samples, and each sample is judged by the run that did not see it; run again,
it goes on where it stopped. Of checkpoints of a joint model, the validation
samples judge. With files of results of studies in place of a config, it
counts how often such a verdict was right.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from mmremix.utils.cli import add_cfg_options, errors_as_messages


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        'files',
        nargs='+',
        metavar='FILE',
        help='config of the joint model; or results of studies (.json)',
    )
    parser.add_argument(
        '--checkpoint',
        nargs='+',
        metavar='PTH',
        help='judge a trained model by the validation samples of the config; '
        'of several seeds, one each',
    )
    parser.add_argument(
        '--on-test',
        action='store_true',
        help='with --checkpoint, go on where these are the test samples',
    )
    parser.add_argument(
        '--work-dir',
        help='folder of all runs; default: work_dirs/<config name>_crossfit, '
        'which tools/crossfit.py uses too',
    )
    parser.add_argument(
        '--folds', type=int, default=5, help='how many (default: 5)'
    )
    parser.add_argument(
        '--by',
        metavar='COLUMN',
        help='column whose equal values stay together, such as the speaker',
    )
    parser.add_argument(
        '--seeds',
        type=int,
        nargs='+',
        metavar='SEED',
        help='train all folds once with each of these random seeds',
    )
    parser.add_argument(
        '--train-samples',
        type=int,
        default=512,
        metavar='N',
        help='training samples to predict at most, for the gap (default: '
        '512; 0 for none)',
    )
    parser.add_argument(
        '--out-json', metavar='FILE', help='write all figures there'
    )
    parser.add_argument(
        '--method',
        default='every_modality',
        help='of the studies: whom the verdict is about (default: '
        'every_modality)',
    )
    add_cfg_options(parser)
    return parser


def count_hits(files: list[str], method: str) -> None:
    from mmremix.study.hits import hits, hits_text
    from mmremix.study.records import read_records

    records = [r for file in files for r in read_records(Path(file))]
    print(hits_text(hits(records, method), method))


def main() -> None:
    args = build_parser().parse_args()
    if all(name.endswith('.json') for name in args.files):
        count_hits(args.files, args.method)
        return
    # After parsing, so that --help answers at once.
    from mmremix.apis.diagnose import report_of
    from mmremix.utils.errors import ConfigError
    from mmremix.utils.whole_files import write_whole

    if len(args.files) > 1:
        raise ConfigError(
            f'One config, or files of results (.json), not {args.files}.'
        )
    if args.checkpoint and args.seeds:
        raise ConfigError(
            f'--seeds {args.seeds} trains, and --checkpoint names what is '
            'trained. Name a checkpoint of each seed: --checkpoint A.pth '
            'B.pth'
        )
    if args.on_test and not args.checkpoint:
        raise ConfigError(
            '--on-test is for --checkpoint; without one, parts of the '
            'training samples are held out. Leave it out.'
        )
    runs = by_checkpoints(args) if args.checkpoint else by_folds(args)
    # The folds are dealt alike with every seed.
    found = report_of(runs, same_samples=True)
    print(f'\n{found["table"]}\n\n{found["text"]}')
    if args.out_json:
        content = json.dumps(found, indent=2)
        write_whole(args.out_json, f'{content}\n'.encode())
        print(f'-> {args.out_json}')


def by_checkpoints(args: argparse.Namespace) -> list[Any]:
    from mmremix.apis import load_config
    from mmremix.apis.diagnose import judge_checkpoint

    judged = []
    for checkpoint in args.checkpoint:
        cfg = load_config(
            args.files[0],
            cfg_options=args.cfg_options,
            work_dir=args.work_dir,
        )
        judged.append(
            judge_checkpoint(
                cfg,
                checkpoint,
                by=args.by,
                train_samples=args.train_samples,
                on_test=args.on_test,
            )
        )
        kind = 'held-out' if judged[-1].held_out else 'TEST'
        print(f'{checkpoint}: judged by {judged[-1].samples} {kind} samples')
    return judged


def by_folds(args: argparse.Namespace) -> list[Any]:
    from mmremix.apis import load_config
    from mmremix.apis.config_file import read_config
    from mmremix.apis.diagnose import (
        check_joint,
        judge_checkpoint,
        judge_folds,
    )
    from mmremix.apis.tool_runs import ToolRuns
    from mmremix.apis.unimodal import last_epoch
    from mmremix.utils.errors import ConfigError

    check_joint(read_config(args.files[0], args.cfg_options))
    name = Path(args.files[0]).stem
    root = Path(args.work_dir or Path('work_dirs', f'{name}_crossfit'))
    judged = []
    for seed in args.seeds or [None]:
        folder = root if seed is None else root / f'seed_{seed}'
        flags = [f'--work-dir={folder}', f'--folds={args.folds}']
        if args.by is not None:
            flags.append(f'--by={args.by}')
        if seed is not None:
            flags.append(f'--seed={seed}')
        if args.cfg_options:
            given = args.cfg_options.items()
            flags += ['--cfg-options', *(f'{k}={v}' for k, v in given)]
        ToolRuns(Path(__file__).resolve().parent).run(
            'crossfit.py', args.files[0], *flags
        )
        files, parts = [], []
        for fold in range(args.folds):
            run = folder / f'fold_{fold}'
            found = last_epoch(run)
            if found is None:
                raise ConfigError(f'{run}: no whole checkpoint; run it again.')
            last = found[1]
            cfg = load_config(str(run.with_suffix('.py')), work_dir=str(run))
            part = judge_checkpoint(
                cfg, last, by=args.by, train_samples=args.train_samples
            )
            parts.append(part)
            files.append(folder / f'{run.name}_{last.stem}.npz')
        judged.append(judge_folds(files, parts, args.by))
    return judged


if __name__ == '__main__':
    with errors_as_messages():
        main()
