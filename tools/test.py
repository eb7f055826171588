"""Test a checkpoint and print a table with a row for each modality."""

from __future__ import annotations

import argparse

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
    add_trust(parser)
    add_config_arguments(parser)
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
    from mmremix.report import accuracy_table

    with errors_as_messages():
        cfg = load_config(
            args.config,
            cfg_options=args.cfg_options,
            work_dir=args.work_dir,
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
        metrics = run_test(runner)
    if is_main_process():
        print(accuracy_table(metrics))
    leave_process_group()


if __name__ == '__main__':
    main()
