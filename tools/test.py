"""Test a checkpoint and print a table with a row for each modality."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mmremix.utils.cli import (
    add_config_arguments,
    add_trust,
    errors_as_messages,
    parse_args,
)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description='Test a checkpoint.')
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--dump', metavar='OUT.pkl', help='write all predictions to this file'
    )
    parser.add_argument(
        '--subsets',
        action='store_true',
        help='also the accuracy with every set of modalities; loads all',
    )
    parser.add_argument(
        '--out-json', metavar='FILE', help='write the accuracies to this file'
    )
    add_trust(parser)
    add_config_arguments(
        parser,
        work_dir='where logs and results go; default: the work directory of '
        'the training, if the checkpoint lies in it, for its report and card',
    )
    return parser


def main() -> None:
    args = parse_args(build_parser())
    if args.dump and not args.dump.endswith(('.pkl', '.pickle')):
        raise SystemExit(f'--dump takes a .pkl file, got {args.dump}')
    # After parsing, so that --help answers at once.
    from mmengine.dist import is_main_process
    from mmengine.evaluator import DumpResults

    from mmremix.apis import build_runner, leave_process_group, load_config
    from mmremix.apis import test as run_test
    from mmremix.datasets.media import BrokenMediaError
    from mmremix.engine.unwrap import unwrap
    from mmremix.report import (
        accuracy_table,
        subset_accuracies,
        subset_table,
    )
    from mmremix.report.tested import work_dir_of
    from mmremix.utils.whole_files import make_folder, write_whole

    with errors_as_messages(BrokenMediaError):
        for option, file in (('out-json', args.out_json), ('dump', args.dump)):
            if file:
                make_folder(Path(file).parent, f'--{option} FILE')
        cfg = load_config(
            args.config,
            cfg_options=args.cfg_options,
            work_dir=args.work_dir or work_dir_of(args.checkpoint),
            launcher=args.launcher,
            trust=args.trust,
        )
        cfg.load_from = args.checkpoint
        cfg.resume = False
        runner = build_runner(cfg, training=False, calm=not args.verbose)
        if args.dump:
            runner.test_evaluator.metrics.append(
                DumpResults(out_file_path=args.dump)
            )
        metrics = run_test(runner, subsets=args.subsets)
    if is_main_process():
        print(accuracy_table(metrics))
        if args.subsets:
            print(f'\n{subset_table(metrics)}')
        if args.out_json:
            readout = getattr(unwrap(runner.model), 'readout', None)
            content = {
                'checkpoint': args.checkpoint,
                'readout': getattr(readout, 'weights', None) or None,
                'metrics': metrics,
                'subsets': subset_accuracies(metrics),
            }
            text = json.dumps(content, indent=2)
            write_whole(args.out_json, f'{text}\n'.encode())
            print(f'-> {args.out_json}')
    leave_process_group()


if __name__ == '__main__':
    main()
