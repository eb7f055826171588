"""Whether the samples that choose are others than those of the test."""

from __future__ import annotations

from collections.abc import Mapping
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
        both = overlap(val, other)
        if both:
            what = 'tested' if where.startswith('test') else 'trained'
            raise ConfigError(
                f'ReadoutHook: {len(both)} of {len(val)} validation '
                f'samples are {what} on too ({where} has them, such as '
                f'{both[0]}). A read-out that is chosen by them '
                f'says nothing about new samples. {lines}'
            )


def is_held_out(cfg: Mapping[str, Any]) -> bool | None:
    """Whether a config validates on others than the test samples.

    By what it says of the two; no file is read.

    Args:
        cfg: As it is run.

    Returns:
        ``None`` where that does not tell: the same annotation, read in
        another way.
    """
    val, test = (_described(cfg, name) for name in ('val', 'test'))
    if test is None:
        return True
    if val is None:
        return None
    if val == test:
        return False
    # Held out of the training samples, or of another annotation.
    if val['part'] or any(val[key] != test[key] for key in _SOURCE):
        return True
    differs = val['filter_cfg'] and test['filter_cfg']
    return (
        True if differs and val['filter_cfg'] != test['filter_cfg'] else None
    )


_SOURCE = ('type', 'ann_file', 'data_prefix')


def _described(cfg: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """Which samples a data set has; ``None`` if it is not there."""
    dataset = (cfg.get(f'{name}_dataloader') or {}).get('dataset')
    if not isinstance(dataset, Mapping):
        return None
    keys = (*_SOURCE, 'data_root', 'filter_cfg', 'indices', 'part', 'dataset')
    return {
        key: repr(dataset.get(key)) if dataset.get(key) else '' for key in keys
    }


def overlap(one: Any, other: Any) -> list[str]:
    """Files of the samples that two data sets share, in order.

    Args:
        one: A data set, or the config of one.
        other: The same.
    """
    built = [
        DATASETS.build(dict(x)) if isinstance(x, Mapping) else x
        for x in (one, other)
    ]
    return sorted(name for name, _, _ in _rows(built[0]) & _rows(built[1]))


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
