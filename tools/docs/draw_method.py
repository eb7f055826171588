"""Draw the figure of docs/method.md from the records of a run.

.. code-block:: shell

    python tools/docs/draw_method.py work_dirs/remix_demo_concat \
        --out docs/_static/method_demo.svg

Left, how many samples each modality keeps in every scoring epoch; right, the
scores of the first and of the last one.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mmremix.records import Records

COLOURS = ('#0060a8', '#d1651f', '#00725a', '#8f3a78')
GREY = '#5a6068'
BINS = 24


def draw_counts(axes: Axes, records: Records) -> None:
    """Stack the samples of the modalities, a bar an epoch."""
    below = np.zeros(len(records.epochs))
    for k, name in enumerate(records.modalities):
        axes.bar(
            *(records.epochs, records.count[:, k], 0.85, below),
            color=COLOURS[k % len(COLOURS)],
            label=name,
        )
        below = below + records.count[:, k]
    axes.set(
        title='samples that each modality keeps',
        xlabel='epoch',
        xlim=(0.4, records.epochs[-1] + 0.6),
    )
    warmup = records.epochs[0] - 1
    if warmup > 0:
        axes.text(
            *((warmup + 1) / 2, below.max() / 2, 'warm-up:\nfull pairs'),
            ha='center',
            va='center',
            color=GREY,
        )


def draw_scores(axes: Axes, records: Records, row: int) -> None:
    """Draw a histogram of the scores of one epoch for each modality."""
    limit = np.log(len(records.classes))
    edges = np.linspace(0, limit, BINS + 1)
    for k, name in enumerate(records.modalities):
        scores = records.scores[row, :, k]
        axes.hist(
            scores[~np.isnan(scores)],
            edges.tolist(),
            histtype='stepfilled',
            color=COLOURS[k % len(COLOURS)],
            alpha=0.7,
            label=name,
        )
    axes.set(
        title=f'certainty before epoch {records.epochs[records.kept[row]]}',
        xlabel='KL(p ‖ uniform), nats',
        xlim=(0, limit),
    )


def draw(work_dir: str, out: Path) -> None:
    # Both must be set before matplotlib draws: the file is the same each
    # time, and its words are text, which makes it small.
    os.environ.setdefault('SOURCE_DATE_EPOCH', '0')
    import matplotlib

    from mmremix.records import read_records

    matplotlib.use('agg')
    matplotlib.rcParams.update(
        {
            'svg.hashsalt': 'mmremix',
            'svg.fonttype': 'none',
            'font.size': 8.5,
            'axes.titlesize': 9,
            'axes.spines.top': False,
            'axes.spines.right': False,
        }
    )
    from matplotlib import pyplot
    from matplotlib.ticker import MaxNLocator

    records = read_records(work_dir)
    figure, (left, first, last) = pyplot.subplots(
        *(1, 3),
        figsize=(8.4, 2.5),
        layout='constrained',
        gridspec_kw={'width_ratios': [1.25, 1, 1]},
    )
    draw_counts(left, records)
    left.xaxis.set_major_locator(MaxNLocator(integer=True))
    draw_scores(first, records, 0)
    draw_scores(last, records, -1)
    top = max(first.get_ylim()[1], last.get_ylim()[1])
    first.set(ylim=(0, top), ylabel='samples')
    last.set(ylim=(0, top))
    last.legend(frameon=False, loc='upper right')
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, metadata={'Date': None})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('work_dir', help='work directory of a remix run')
    parser.add_argument('--out', default='method.svg', help='file to write')
    args = parser.parse_args()
    draw(args.work_dir, Path(args.out))
    print(args.out)


if __name__ == '__main__':
    main()
