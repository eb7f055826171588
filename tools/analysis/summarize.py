"""Print what training runs reached and what Remix decided.

Several runs are also put side by side, and it says in what they differ: data,
schedule, versions.
"""

from __future__ import annotations

import argparse


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('work_dir', nargs='+', help='work directory of a run')
    parser.add_argument(
        '--trust',
        action='store_true',
        help='run the configs in the work directories as Python, for runs '
        'of components of your own; by default they are only read',
    )
    parser.add_argument(
        '--brief', action='store_true', help='only the table side by side'
    )
    args = parser.parse_args()
    # After parsing, so that --help answers at once.
    from mmremix.report import runs_table
    from mmremix.utils import ConfigError

    try:
        print(runs_table(args.work_dir, args.trust, args.brief))
    except (FileNotFoundError, ConfigError) as error:
        parser.error(str(error))


if __name__ == '__main__':
    main()
