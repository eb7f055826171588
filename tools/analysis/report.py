"""Write a page that shows how balanced the models of some runs are.

.. code-block:: shell

    python tools/analysis/report.py work_dirs/remix_demo_concat \
        work_dirs/joint_demo_concat --out report.html

The page holds everything it needs; runs that differ only in their seed are
put together, with mean and spread.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mmremix.utils.cli import errors_as_messages


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('work_dir', nargs='+', help='work directory of a run')
    parser.add_argument('--out', default='report.html', help='page to write')
    parser.add_argument(
        '--figures',
        metavar='DIR',
        help='also write the charts as PNG, PDF and SVG, for a paper',
    )
    parser.add_argument(
        '--samples',
        type=int,
        default=6,
        help='how many samples to show of each kind; 0 loads no clips',
    )
    parser.add_argument(
        '--data-root',
        help='where the clips are, if not where the config says',
    )
    parser.add_argument(
        '--trust',
        action='store_true',
        help='run the configs in the work directories as Python, for runs '
        'of components of your own; by default they are only read',
    )
    args = parser.parse_args()
    if args.samples < 0:
        parser.error('--samples must not be negative')
    places = [Path(path).resolve() for path in args.work_dir]
    twice = [p for p in args.work_dir if places.count(Path(p).resolve()) > 1]
    if twice:
        parser.error(f'{twice[0]} is named twice; it would count as two seeds')
    # After parsing, so that --help answers at once.
    import mmremix  # noqa: F401  (registers the data sets)
    from mmremix.report import (
        group_runs,
        load_run,
        render_page,
        save_figures,
    )
    from mmremix.utils import ConfigError

    try:
        groups = group_runs(
            [load_run(path, args.trust) for path in args.work_dir]
        )
    except (FileNotFoundError, ConfigError) as error:
        parser.error(str(error))
    page = render_page(groups, samples=args.samples, data_root=args.data_root)
    out = Path(args.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page, encoding='utf-8')
    print(f'{out}: {len(page) / 1e6:.1f} MB, {len(args.work_dir)} runs')
    if args.figures:
        for path in save_figures(groups, args.figures):
            print(path)


if __name__ == '__main__':
    with errors_as_messages(OSError, ValueError):
        main()
