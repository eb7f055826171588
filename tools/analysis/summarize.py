"""Print what a training run reached and what Remix decided."""

from __future__ import annotations

import argparse

from mmremix.report import run_table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('work_dir', nargs='+', help='work directory of a run')
    for work_dir in parser.parse_args().work_dir:
        print(f'{work_dir}\n\n{run_table(work_dir)}\n')


if __name__ == '__main__':
    main()
