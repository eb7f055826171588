"""In what runs differ that are compared: data, settings, versions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmremix.report.run_data import RunData
from mmremix.report.run_group import INCIDENTAL, RunGroup

HEADING = 'These runs differ in more than their seed:'

# The same schedule and data make a comparison fair: each value is given.
# What else differs is probably what is compared: only named.
_TOLD = (
    *('train_cfg', 'optim_wrapper', 'param_scheduler', 'auto_scale_lr'),
    *('train_dataloader.batch_size', 'train_dataloader.dataset'),
    *('train_dataloader.sampler', 'val_dataloader.dataset'),
)
_NOT_TOLD = re.compile(r'\.(pipeline|data_root|data_prefix)\b')
_VERSIONS = re.compile(
    r'^\s*(Python|PyTorch|TorchVision|OpenCV|MMEngine|CUDA available'
    r'|GPU [\d,]+): (.+)$',
    re.MULTILINE,
)
_LONGEST = 60  # characters of a value


def differences(groups: Sequence[RunGroup]) -> list[str]:
    """Sentences on what is not alike in runs that are compared.

    Facts that a run did not keep (no records, no log) are not compared.

    Args:
        groups: All the runs; the runs of a group are compared as well.
    """
    facts = {
        id(run): {**_data(run), **_schedule(run), **_versions(run)}
        for group in groups
        for run in group.runs
    }
    labels = list(dict.fromkeys(k for known in facts.values() for k in known))
    said = []
    for label in labels:
        values = {key: known.get(label) for key, known in facts.items()}
        if len({v for v in values.values() if v is not None}) < 2:
            continue
        parts = [part for group in groups for part in _by_name(group, values)]
        said.append(f'{label}: {"; ".join(parts)}.')
    rest = _other_settings([run for group in groups for run in group.runs])
    if rest:
        said.append(f'Other settings: {", ".join(rest)}.')
    return said


def _by_name(
    group: RunGroup, values: Mapping[int, str | None]
) -> Iterator[str]:
    mine = [values[id(run)] for run in group.runs]
    if len(set(mine)) == 1:
        yield f'{group.title} {mine[0] or "not known"}'
        return
    for run, value in zip(group.runs, mine, strict=True):
        yield f'{run.name} {value or "not known"}'


def _data(run: RunData) -> dict[str, str]:
    found = {}
    if run.classes:
        found['Classes'] = _short(', '.join(run.classes))
    if run.records is not None:
        found['Training samples'] = str(len(run.records.samples))
        if run.records.fingerprint:
            found['Training set'] = f'fingerprint {run.records.fingerprint}'
    for matrix in run.confusion.values():
        found['Validation samples'] = str(int(matrix.sum()))
    return found


def _schedule(run: RunData) -> dict[str, str]:
    """The epochs that were trained, and the settings that are told."""
    found = {'Epochs trained': str(run.epochs)}
    if run.config:
        settings = _flat(run.config.to_dict())
        found |= {
            key: _short(value)
            for key, value in settings.items()
            if _is_told(key)
        }
    return found


def _versions(run: RunData) -> dict[str, str]:
    return {
        # "3.11.7 (main, ...)": the compiler says nothing more.
        name: value.split(' (')[0]
        for name, value in _VERSIONS.findall(run.environment)
    }


def _other_settings(runs: Sequence[RunData]) -> list[str]:
    """Names of settings that differ and are not told with their values."""
    flat = [_flat(run.config.to_dict()) for run in runs if run.config]
    names = list(dict.fromkeys(key for settings in flat for key in settings))
    differing = [
        key
        for key in names
        if not _is_told(key) and len({s.get(key) for s in flat}) > 1
    ]
    # "model.fusion" is enough to look for.
    return list(
        dict.fromkeys('.'.join(key.split('.')[:2]) for key in differing)
    )


def _is_told(key: str) -> bool:
    return any(
        key == name or key.startswith(name + '.') for name in _TOLD
    ) and not _NOT_TOLD.search(key)


def _flat(settings: Mapping[str, Any], prefix: str = '') -> dict[str, str]:
    """Settings by their dotted names; lists stay whole."""
    found = {}
    for key, value in settings.items():
        name = f'{prefix}{key}'
        if not prefix and key in INCIDENTAL:
            continue
        if isinstance(value, Mapping):
            found |= _flat(value, name + '.')
        else:
            found[name] = repr(value)
    return found


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + '…'
