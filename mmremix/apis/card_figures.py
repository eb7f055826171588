"""Figures of a model card, from the work directory of the training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmremix.report.run_data import RunData
from mmremix.report.run_reader import load_run
from mmremix.report.tables import subset_accuracies
from mmremix.utils.errors import ConfigError
from mmremix.utils.names import FUSION

_TOP1 = '_top1'
_NONE = (
    'None: the checkpoint does not lie in the work directory of its training, '
    'or nothing was logged there.'
)


def figures(
    cfg: Config, checkpoint: str, meta: Mapping[str, Any]
) -> Iterator[str]:
    """Paragraphs and tables of Markdown, each figure with its split.

    Args:
        cfg: Config of the export.
        checkpoint: File in the work directory.
        meta: Its ``meta``; its epoch is looked up in the log.
    """
    path = Path(checkpoint)
    try:
        run = load_run(path.parent)
    except (OSError, ConfigError):
        yield _NONE
        return
    found = False
    for where, metrics in (
        (_validated(meta), _validation(run, meta)),
        *((_tested(test.folder), test.metrics) for test in _tests(run, path)),
    ):
        top1 = {
            key[len('acc/') : -len(_TOP1)]: value
            for key, value in metrics.items()
            if key.startswith('acc/') and key.endswith(_TOP1)
        }
        if not top1:
            continue
        found = True
        yield f'{where}:'
        yield markdown_table(
            ['prediction', 'top-1'],
            [[name, f'{value:.4f}'] for name, value in top1.items()],
        )
        subsets = subset_accuracies(metrics)
        if subsets:
            yield markdown_table(
                ['only these are there', 'fused', 'sum of heads', 'samples'],
                [
                    [
                        ' + '.join(row['modalities']),
                        *(f'{row[FUSION]:.4f}', f'{row["heads"]:.4f}'),
                        str(row['samples']),
                    ]
                    for row in subsets
                ],
            )
    if not found:
        yield _NONE


def markdown_table(
    header: Sequence[str], rows: Sequence[Sequence[str]]
) -> str:
    """A table of Markdown; bars in cells are escaped."""
    lines = [header, ['---'] * len(header), *rows]
    return '\n'.join(
        f'| {" | ".join(cell.replace("|", chr(92) + "|") for cell in line)} |'
        for line in lines
    )


def _validated(meta: Mapping[str, Any]) -> str:
    return f'**Validation set**, in training, after epoch {meta.get("epoch")}'


def _tested(folder: str) -> str:
    return f'**Test set**, by `tools/test.py` ({folder})'


def _validation(run: RunData, meta: Mapping[str, Any]) -> dict[str, float]:
    epoch = meta.get('epoch')
    return {
        name: series[epoch]
        for name, series in run.series.items()
        if name.startswith(('acc/', 'subset/')) and epoch in series
    }


def _tests(run: RunData, checkpoint: Path) -> list[Any]:
    """The last test of this checkpoint, if it was tested there."""
    found = [t for t in run.tested if t.checkpoint == checkpoint.name]
    return found[-1:]
