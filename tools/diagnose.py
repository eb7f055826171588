"""Whether balancing is likely to help, from joint runs that are cross-fitted.

The joint model is trained once for each fold of the training samples; each
sample is then judged by the run that did not see it. Run again, it goes on
where it stopped. With files of results of studies in place of a config, it
counts how often such a verdict was right.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

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
        '--method',
        default='every_modality',
        help='of the studies: whom the verdict is about (default: '
        'every_modality)',
    )
    parser.add_argument('--seed', type=int, help='random seed of all runs')
    add_cfg_options(parser)
    return parser


def count_hits(files: list[str], method: str) -> None:
    from mmremix.study.hits import hits
    from mmremix.study.records import read_records

    records = [r for file in files for r in read_records(Path(file))]
    found = hits(records, method)
    for setting, said, came in found:
        print(f'{setting}: said that {method} {said}; it {came}')
    right = sum(said == came for _, said, came in found)
    print(f'{right} of {len(found)} right')


def main() -> None:
    args = build_parser().parse_args()
    if all(name.endswith('.json') for name in args.files):
        count_hits(args.files, args.method)
        return
    # After parsing, so that --help answers at once.
    from mmremix.apis.config_file import read_config
    from mmremix.apis.tool_runs import ToolRuns
    from mmremix.apis.unimodal import modalities_of
    from mmremix.evaluation.diagnosis import diagnose, table
    from mmremix.utils.errors import ConfigError

    if len(args.files) > 1:
        raise ConfigError(
            f'One config, or files of results (.json), not {args.files}.'
        )
    cfg = read_config(args.files[0], args.cfg_options)
    modalities = modalities_of(cfg)
    if len(modalities) < 2:
        raise ConfigError(
            f'The model has the modalities {modalities}: there is nothing to '
            'balance.'
        )
    name = Path(args.files[0]).stem
    folder = Path(args.work_dir or Path('work_dirs', f'{name}_crossfit'))
    flags = [f'--work-dir={folder}', f'--folds={args.folds}']
    if args.by is not None:
        flags.append(f'--by={args.by}')
    if args.seed is not None:
        flags.append(f'--seed={args.seed}')
    if args.cfg_options:
        given = args.cfg_options.items()
        flags += ['--cfg-options', *(f'{k}={v}' for k, v in given)]
    ToolRuns(Path(__file__).resolve().parent).run(
        'crossfit.py', args.files[0], *flags
    )
    found = json.loads((folder / 'readout.json').read_text())
    evidence = found['accuracy'], found['interval']
    print(f'\n{table(*evidence, modalities)}\n')
    verdict = diagnose(
        found['accuracy'],
        found['gain'],
        found['interval'],
        modalities,
        1 / int(cfg.model.num_classes),
    )
    print(verdict.text)


if __name__ == '__main__':
    with errors_as_messages():
        main()
