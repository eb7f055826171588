"""Whether the samples that choose are others than those of the test."""

from __future__ import annotations

from typing import Any

from mmengine.runner import Runner
from torch.utils.data import DataLoader

from mmremix.datasets import MultimodalDataset
from mmremix.registry import DATASETS
from mmremix.utils.errors import ConfigError


def check_separate(runner: Runner, lines: str) -> None:
    """Refuse validation samples that are trained on or tested on.

    Args:
        runner: Before training.
        lines: What to write instead.

    Raises:
        ConfigError: Naming how many there are.
    """
    val = runner.val_loop.dataloader.dataset
    given = runner._test_dataloader
    if isinstance(given, DataLoader):
        test: Any = given.dataset
    else:
        test = (given or {}).get('dataset')
    for where, other in (
        ('train_dataloader', runner.train_dataloader.dataset),
        ('test_dataloader', test),
    ):
        if isinstance(other, dict):
            other = DATASETS.build(dict(other))
        both = _rows(val) & _rows(other)
        if both:
            what = 'tested' if where.startswith('test') else 'trained'
            raise ConfigError(
                f'ReadoutHook: {len(both)} of {len(_rows(val))} validation '
                f'samples are {what} on too ({where} has them, such as '
                f'{sorted(both)[0][0]}). A read-out that is chosen by them '
                f'says nothing about new samples. {lines}'
            )


def _rows(dataset: Any) -> set[tuple[str, str, str]]:
    """Samples by file and segment; none of data sets of another kind."""
    if not isinstance(dataset, MultimodalDataset):
        return set()
    infos = map(dataset.get_data_info, range(len(dataset)))
    return {
        (
            str(info.get('clip', info.get('filename', info['sample_idx']))),
            str(info.get('start')),
            str(info.get('end')),
        )
        for info in infos
    }
