"""In what runs differ that are compared: data, settings, versions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from mmremix.report.run_data import RunData
from mmremix.report.run_group import INCIDENTAL, RunGroup
from mmremix.report.verdict import joined

HEADING = 'These runs differ in more than their seed:'

DATA, SEEDS, SCHEDULE = 'data', 'seeds', 'schedule'
"""What must be alike for a comparison of methods."""

_DATA = (
    *('Classes', 'Training samples', 'Training set', 'Validation samples'),
    *('train_dataloader.dataset', 'val_dataloader.dataset'),
)
# The same schedule and data make a comparison fair: each value is given.
# What else differs is probably what is compared: only named.
_TOLD = (
    *('train_cfg', 'optim_wrapper', 'param_scheduler', 'auto_scale_lr'),
    *('train_dataloader.batch_size', 'train_dataloader.dataset'),
    *('train_dataloader.sampler', 'val_dataloader.dataset'),
)
_PLACES = ('data_root', 'data_prefix')  # on another machine
_VERSIONS = re.compile(
    r'^\s*(Python|PyTorch|TorchVision|OpenCV|MMEngine|CUDA available'
    r'|GPU [\d,]+): (.+)$',
    re.MULTILINE,
)
_LONGEST = 60  # characters of a value
_BEFORE = 12  # of them, before the first that differs
_TRAINED = 'Epochs trained'


@dataclass(frozen=True)
class Difference:
    """Something that is not alike in runs that are compared.

    Attributes:
        kind: :data:`DATA`, :data:`SEEDS` or :data:`SCHEDULE`, which make a
            comparison unfair; empty for what may have been the purpose.
        sentence: What it is in each.
    """

    kind: str
    sentence: str


def differences(groups: Sequence[RunGroup]) -> list[Difference]:
    """What is not alike in runs that are compared: data, seeds, the rest.

    Facts that a run did not keep (no records, no log) are not compared.
    Seeds are those of a group together.

    Args:
        groups: All the runs; the runs of a group are compared as well.
    """
    runs = [run for group in groups for run in group.runs]
    settings = [flat_settings(run.config.to_dict()) for run in runs]
    told = sorted({k for found in settings for k in found if _is_told(k)})
    facts = {}
    for run, found in zip(runs, settings, strict=True):
        facts[id(run)] = {**_data(run), _TRAINED: str(run.epochs)}
        if found:
            facts[id(run)] |= {k: found.get(k, 'not set') for k in told}
        facts[id(run)] |= _versions(run)
    labels = list(dict.fromkeys(k for known in facts.values() for k in known))
    said = []
    for label in labels:
        values = {key: known.get(label) for key, known in facts.items()}
        known = {v for v in values.values() if v is not None}
        if len(known) < 2:
            continue
        shown = {key: _short(v, known) for key, v in values.items()}
        parts = [part for g in groups for part in _by_name(g, shown)]
        said.append(Difference(_kind(label), f'{label}: {"; ".join(parts)}.'))
    said += _seeds(groups)
    order = (DATA, SEEDS, SCHEDULE, '')
    said.sort(key=lambda difference: order.index(difference.kind))
    rest = _other_settings([found for found in settings if found])
    if rest:
        said.append(Difference('', f'Other settings: {", ".join(rest)}.'))
    return said


def warning(found: Sequence[Difference]) -> str:
    """A sentence that names what makes a comparison unfair; or nothing."""
    kinds = list(dict.fromkeys(d.kind for d in found if d.kind))
    if not kinds:
        return ''
    return (
        f'Warning: these runs are not of the same {joined(kinds)}. What one '
        'of them has more or less in accuracy may come from that.'
    )


def _kind(label: str) -> str:
    if any(label == n or label.startswith(f'{n}.') for n in _DATA):
        return DATA
    return SCHEDULE if label == _TRAINED or _is_told(label) else ''


def _seeds(groups: Sequence[RunGroup]) -> list[Difference]:
    """The seeds of each group, if they are not the same."""
    found = [
        sorted(
            str((run.config.get('randomness') or {}).get('seed', 'not set'))
            for run in group.runs
            if run.config
        )
        for group in groups
    ]
    if len({tuple(seeds) for seeds in found if seeds}) < 2:
        return []
    parts = [
        f'{group.title} {", ".join(seeds) or "not known"}'
        for group, seeds in zip(groups, found, strict=True)
    ]
    return [Difference(SEEDS, f'Seeds: {"; ".join(parts)}.')]


def _by_name(group: RunGroup, values: Mapping[int, str]) -> Iterator[str]:
    mine = [values[id(run)] for run in group.runs]
    if len(set(mine)) == 1:
        yield f'{group.title} {mine[0]}'
        return
    for run, value in zip(group.runs, mine, strict=True):
        yield f'{run.name} {value}'


def _data(run: RunData) -> dict[str, str]:
    found = {}
    if run.classes:
        found['Classes'] = f'{len(run.classes)} ({", ".join(run.classes)})'
    if run.records is not None:
        found['Training samples'] = str(len(run.records.samples))
        if run.records.fingerprint:
            found['Training set'] = f'fingerprint {run.records.fingerprint}'
    for matrix in run.confusion.values():
        found['Validation samples'] = str(int(matrix.sum()))
    return found


def _versions(run: RunData) -> dict[str, str]:
    return {
        # "3.11.7 (main, ...)": the compiler says nothing more.
        name: value.split(' (')[0]
        for name, value in _VERSIONS.findall(run.environment)
    }


def _other_settings(settings: Sequence[Mapping[str, str]]) -> list[str]:
    """Names of settings that differ and are not told with their values."""
    names = dict.fromkeys(key for found in settings for key in found)
    differing = [
        key.split('.')
        for key in names
        if not _is_told(key) and len({s.get(key) for s in settings}) > 1
    ]
    # "model.fusion" is enough to look for; items of lists have no names.
    return list(
        dict.fromkeys(
            '.'.join(part for part in parts[:2] if not part.isdigit())
            for parts in differing
        )
    )


def _is_told(key: str) -> bool:
    if '.pipeline.' in key:
        return False
    return any(key == name or key.startswith(f'{name}.') for name in _TOLD)


def flat_settings(value: Any, name: str = '') -> dict[str, str]:
    """Settings by dotted names, ``param_scheduler.0.type``.

    Without seed, places and how it was launched.

    Args:
        value: A config, or a part of one.
        name: Of the part.
    """
    if isinstance(value, Mapping):
        items = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list | tuple) and any(
        isinstance(item, Mapping) for item in value
    ):
        items = [(str(i), item) for i, item in enumerate(value)]
    else:
        return {name: repr(value)}
    found: dict[str, str] = {}
    for key, item in items:
        if key in _PLACES or (not name and key in INCIDENTAL):
            continue
        found |= flat_settings(item, f'{name}.{key}' if name else key)
    return found


def _short(text: str | None, others: Iterable[str]) -> str:
    """A value; of a long one, the part where it differs from the others."""
    if text is None:
        return 'not known'
    if len(text) <= _LONGEST:
        return text
    same = takewhile(
        lambda letters: len(set(letters)) == 1, zip(*others, strict=False)
    )
    begin = max(sum(1 for _ in same) - _BEFORE, 0)
    part = text[begin : begin + _LONGEST]
    end = '…' if begin + _LONGEST < len(text) else ''
    return ('…' if begin else '') + part + end
