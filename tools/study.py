"""Compare methods over seeds and learning rates, and show it in tables."""

from __future__ import annotations

import argparse

from mmremix.utils.cli import add_cfg_options, add_pool, errors_as_messages


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'files',
        nargs='+',
        metavar='FILE',
        help='a study (.py); or files of results (.json), for tables alone',
    )
    parser.add_argument(
        '--tables',
        metavar='FOLDER',
        help='write tables (Markdown, CSV) and a page there; of a study '
        'nothing is trained then',
    )
    parser.add_argument(
        '--results',
        metavar='FILE',
        help='file of results; default: docs/_results/<study>.json',
    )
    parser.add_argument(
        '--work-dir',
        metavar='FOLDER',
        help='folder of all runs; default: work_dirs/studies/<study>',
    )
    add_pool(parser)
    parser.add_argument(
        '--only',
        nargs='+',
        metavar='METHOD',
        help='run these methods alone',
    )
    parser.add_argument(
        '--slurm',
        nargs='+',
        metavar='KEY=VALUE',
        help='submit the runs as a job array with submitit, such as '
        'partition=gpu time=60',
    )
    parser.add_argument(
        '--reference',
        metavar='METHOD',
        help='whom the tables compare with; default: that of the study, or '
        'joint',
    )
    parser.add_argument(
        '--dry-run',
        action='store_true',
        help='say what is to be run, and check every config',
    )
    add_cfg_options(parser)
    return parser


def main() -> None:
    args = build_parser().parse_args()
    # After parsing, so that --help answers at once.
    from mmremix.study.command import study

    with errors_as_messages():
        raise SystemExit(study(args))


if __name__ == '__main__':
    main()
