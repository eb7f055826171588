"""Look, before the first run, whether samples can be held out."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from mmengine.logging import MMLogger

from mmremix.apis.build_errors import build_errors_explained
from mmremix.datasets import MultimodalDataset
from mmremix.datasets.csv_rows import MissingAnnotationError
from mmremix.datasets.held_out import Part
from mmremix.datasets.parts import split_of
from mmremix.registry import DATASETS
from mmremix.study.plan import Task, config_of
from mmremix.utils.errors import MissingFileError

# What is looked at in each run, and takes long.
_LATER = {'pipeline': [], 'check_files': False, 'check_values': False}


def check_held_out(tasks: Iterable[Task]) -> None:
    """Split the training samples of each setting as its runs will.

    Of each setting those of its first method. Where the data are not on this
    machine, it says so and lets the runs look.

    Args:
        tasks: Of the study.

    Raises:
        ConfigError: If the annotation cannot be read, or not be split.
    """
    by_setting: dict[str, list[Task]] = {}
    for task in tasks:
        by_setting.setdefault(task.record['setting'], []).append(task)
    for setting, here in by_setting.items():
        if 'held_out' not in here[0].options:
            continue
        try:
            dataset = _dataset(here[0])
        except (MissingAnnotationError, MissingFileError) as error:
            print(f'{setting}: held_out was not checked. {error}')
            continue
        if not isinstance(dataset, MultimodalDataset):
            continue
        first = here[0].record['method']
        asked = [t for t in here if t.record['method'] == first]
        for fold in dict.fromkeys(t.record['fold'] for t in asked):
            held_out = {**here[0].options['held_out'], 'fold': fold}
            split_of(dataset, Part.of(held_out))


def _dataset(task: Task) -> Any:
    """All training samples of a run."""
    cfg = config_of(task)
    given = {**cfg.train_dataloader.dataset, 'part': None}
    kind = DATASETS.get(str(given.get('type')))
    known = _arguments(kind) if inspect.isclass(kind) else set()
    given |= {k: v for k, v in _LATER.items() if k in known}
    with build_errors_explained(cfg), _quiet():
        return DATASETS.build(given)


def _arguments(kind: type) -> set[str]:
    return {
        name
        for base in kind.__mro__
        if '__init__' in base.__dict__
        for name in inspect.signature(base.__dict__['__init__']).parameters
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what each run will say in its log."""
    logger = MMLogger.get_current_instance()
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
