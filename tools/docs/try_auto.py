"""Let tools/auto.py choose in the settings of studies, with its defaults.

What it saw goes to docs/_results/auto/records.json, from which
``tools/docs/make_results.py`` makes the table of how often it was right.

.. code-block:: shell

    python tools/docs/try_auto.py configs/studies/digits_all.py
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from mmremix.apis.config_file import read_config
from mmremix.study.plan import LEARNING_RATE, method_config
from mmremix.study.records import add_records, read_records
from mmremix.study.study_file import Method, Study, load_study
from mmremix.utils.whole_files import write_whole

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / 'docs' / '_results' / 'auto' / 'records.json'


def choose(study: Study, setting: str, folder: Path, whole: bool) -> None:
    """Run tools/auto.py on the joint config of one setting.

    Args:
        study: The study.
        setting: Of it.
        folder: For the config and all runs.
        whole: Train as long as the study instead of a third of it.
    """
    # The interval of validation is that of the study's long runs.
    variant = {**study.variants[setting], 'train_cfg.val_interval': 1}
    rate = {LEARNING_RATE: study.learning_rates[0]}
    text = method_config(
        study, Method('joint'), {**variant, **rate}, read_config(study.base)
    )
    config = folder / 'config.py'
    write_whole(config, text.encode())
    by = (study.held_out or {}).get('by')
    epochs = read_config(str(config)).train_cfg.max_epochs
    subprocess.run(
        [
            *(sys.executable, str(ROOT / 'tools' / 'auto.py'), str(config)),
            *('--work-dir', str(folder / 'auto')),
            *(['--by', by] if by else []),
            *(['--epochs', str(epochs)] if whole else []),
        ],
        check=True,
    )
    add_records(
        RESULTS,
        [
            {**record, 'study': study.name, 'setting': setting}
            for record in read_records(folder / 'auto' / 'results.json')
        ],
    )


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('studies', nargs='+', metavar='STUDY.py')
    parser.add_argument(
        '--whole', action='store_true', help='train as long as the studies do'
    )
    parser.add_argument(
        '--work-dir',
        default='work_dirs/try_auto',
        metavar='FOLDER',
        help='of all runs (default: work_dirs/try_auto)',
    )
    return parser


def main() -> None:
    args = build_parser().parse_args()
    for file in args.studies:
        study = load_study(file)
        for setting in study.variants:
            length = 'whole' if args.whole else 'third'
            folder = Path(args.work_dir, study.name, setting, length)
            choose(study, setting, folder, args.whole)


if __name__ == '__main__':
    main()
