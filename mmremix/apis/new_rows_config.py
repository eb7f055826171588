"""Write a config that fits arrays or a table that were looked at."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmremix.apis.new_config import schedule
from mmremix.datasets.csv_rows import csv_header
from mmremix.datasets.preparation.rows_survey import RowSurvey

_WIDTH = 79


def is_rows(source: str) -> bool:
    """Whether a source has rows of arrays or of any modalities.

    Else it is of clips: a folder, or a CSV with the column ``clip``.

    Raises:
        AnnotationError: If a CSV cannot be read.
    """
    if source.endswith(('.npz', '.jsonl', '.ndjson')):
        return True
    if not source.endswith('.csv') or not os.path.isfile(source):
        return False
    return 'clip' not in csv_header(Path(source))


def rows_config(
    source: str, seen: RowSurvey, gpu: bool, cores: int
) -> tuple[str, list[str]]:
    """The text of a config, and what it is made of, line by line.

    Args:
        source: What was looked at.
        seen: What was found there.
        gpu: Whether there is one to train on.
        cores: Of the processor.
    """
    count = sum(seen.labels.values())
    batch, steps, epochs, warmup = schedule(count, 64 if gpu else 32)
    amounts = sorted(seen.labels.values())
    is_table = seen.dataset['type'] == 'TableDataset'
    modalities: Any = list(seen.modalities)
    if is_table:
        modalities = {n: m.reader for n, m in seen.modalities.items()}
    loader: dict[str, Any] = {'batch_size': batch, 'num_workers': 0}
    if is_table:
        loader['num_workers'] = max(min(cores, 8), 1)
    else:
        loader['persistent_workers'] = False
    model: dict[str, Any] = {
        'num_classes': seen.classes,
        'encoders': {n: m.encoder for n, m in seen.modalities.items()},
    }
    normalize = {
        n: m.normalize for n, m in seen.modalities.items() if m.normalize
    }
    if normalize:
        model['data_preprocessor'] = {'normalize': normalize}
    told = [f'{name}: {m.why}' for name, m in seen.modalities.items()]
    told += [f'{name}: not read, {why}' for name, why in seen.unread.items()]
    told.append(seen.held_out)
    if 'missing' in seen.dataset:
        told.append("empty cells: missing='allow'")
    comments = '\n'.join(f'# - {line}'[:_WIDTH] for line in told)
    test = (
        f'test_dataloader = {_loader(seen.parts["test"], True)}'
        if 'test' in seen.parts
        else '# No rows are kept for a test of their own.\n'
        'test_dataloader = val_dataloader'
    )
    rows = {**seen.dataset, 'modalities': modalities}
    text = f"""\
# Of {source}: {count} training samples, {seen.classes} classes of \
{amounts[0]} to {amounts[-1]}.
{comments}
_base_ = [
    'mmremix::_base_/default_runtime.py',
    'mmremix::_base_/loaders.py',
    'mmremix::_base_/models/arrays_concat.py',
    'mmremix::_base_/schedules/adam_small.py',
    'mmremix::_base_/methods/remix.py',  # left out: joint training
]
# {steps} steps an epoch.
loader = {_code(loader)}
rows = {_code(rows)}
train_dataloader = {_loader(seen.parts['train'], False)}
val_dataloader = {_loader(seen.parts['val'], True)}
{test}
model = {_code(model)}
# About {epochs * steps} steps.
train_cfg = dict(max_epochs={epochs})
# Remix needs models that know something.
method_remix = dict(plan=dict(warmup_epochs={warmup}))
"""
    return text, told


def _loader(part: Mapping[str, Any], test_mode: bool) -> str:
    more = {**part, **({'test_mode': True} if test_mode else {})}
    inner = ', '.join(f'{k}={_code(v)}' for k, v in more.items())
    return f'dict(\n    **loader,\n    dataset=dict(**rows, {inner}),\n)'


def _code(value: Any, indent: int = 0) -> str:
    """A value as it is written in a config, over as many lines as it needs."""
    if not isinstance(value, Mapping):
        return repr(value)
    pairs = [(_key(k), _code(v, indent + 4)) for k, v in value.items()]
    line = f'dict({", ".join(k + v for k, v in pairs)})'
    if len(line) + indent + 20 <= _WIDTH and '\n' not in line:
        return line
    inner = ''.join(f'{" " * (indent + 4)}{k}{v},\n' for k, v in pairs)
    return f'dict(\n{inner}{" " * indent})'


def _key(name: object) -> str:
    return f'{name}='
