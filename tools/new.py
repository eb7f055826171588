"""Write a config for data of your own, after a look at it.

.. code-block:: shell

    mmremix new data/mine --out mine.py
    mmremix new arrays.npz --out mine.py
    mmremix train mine.py

Clips: a folder with one folder a class, a folder with train.csv, or a CSV
with the column clip. Arrays: an .npz file, a row a sample. Any modalities:
another CSV or JSON-lines, a column a modality.

Validation samples are those of val.csv or test.csv beside train.csv, or what
the column split says (train, val, test); else a fifth is held out: of clips of
each class, in lists beside the config.

Lengths, rates, sizes, types and numbers decide the values of the config, and
each has its reason beside it.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from mmremix.utils.cli import errors_as_messages


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('source', help='folder of clips, CSV, JSON-lines or .npz')
    add('--out', required=True, help='config to write')
    add('--look-at', type=int, default=500, help='samples to open, at most')
    add(
        '--label',
        default='label',
        help='array or column of the classes (default: label)',
    )
    add('--overwrite', action='store_true', help='replace what is there')
    return parser


def main() -> None:
    parser = build_parser()
    args = parser.parse_args()
    if args.look_at < 1:
        parser.error('--look-at must be positive')
    if not args.out.endswith('.py'):
        parser.error(f'--out names a config, NAME.py, got {args.out}')
    # After parsing, so that --help answers at once.
    from mmremix.apis.new_rows_config import is_rows

    if is_rows(args.source):
        _of_rows(parser, args)
    else:
        _of_clips(parser, args)
    print(f'\nmmremix train {args.out}')


def _refuse_old(
    parser: argparse.ArgumentParser, args: argparse.Namespace, *files: Path
) -> None:
    there = [str(path) for path in files if path.exists()]
    if there and not args.overwrite:
        parser.error(f'{", ".join(there)} is there; --overwrite replaces it')


def _of_rows(
    parser: argparse.ArgumentParser, args: argparse.Namespace
) -> None:
    import torch

    from mmremix.apis.new_rows_config import rows_config
    from mmremix.datasets.preparation.rows_survey import (
        survey_arrays,
        survey_table,
    )
    from mmremix.utils.whole_files import write_whole

    out = Path(args.out)
    _refuse_old(parser, args, out)
    if args.source.endswith('.npz'):
        seen = survey_arrays(args.source, args.label)
    else:
        seen = survey_table(args.source, args.label, args.look_at)
    text, told = rows_config(
        args.source, seen, torch.cuda.is_available(), os.cpu_count() or 1
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, text.encode())
    print('\n'.join([f'-> {out}', *told]))


def _of_clips(
    parser: argparse.ArgumentParser, args: argparse.Namespace
) -> None:
    import torch

    from mmremix.apis.new_config import choose, config_of
    from mmremix.datasets.preparation.survey import find_annotation, survey
    from mmremix.utils.whole_files import csv_bytes, write_whole

    out = Path(args.out)
    cores = os.cpu_count() or 1
    found = find_annotation(args.source, args.label)
    lists = {
        name: out.with_name(f'{out.stem}_{name}.csv') for name in found.written
    }
    _refuse_old(parser, args, out, *lists.values())
    seen = survey(found, args.look_at, min(cores, 8))
    choices = choose(found, seen, torch.cuda.is_available(), cores)
    files = dict(found.files)
    out.parent.mkdir(parents=True, exist_ok=True)
    columns = ('clip', 'label', 'audio', 'start', 'end')
    for name, path in lists.items():
        write_whole(path, csv_bytes(columns, found.written[name]))
        # mmengine puts the folder of the config there.
        files[name] = f'{{{{ fileDirname }}}}/{path.name}'
    write_whole(out, config_of(found, seen, choices, files).encode())
    for path in (out, *lists.values()):
        print(f'-> {path}')
    print(found.held_out)
    for name in choices.values:
        print(f'{name} = {choices.values[name]}: {choices.why[name]}')
    broken = sum(seen.reasons.values())
    if broken:
        print(
            f'warning: {broken} of the clips looked at cannot be used and '
            f'will be left out: {"; ".join(seen.reasons)}'
        )


if __name__ == '__main__':
    with errors_as_messages(OSError, ValueError):
        main()
