"""Whether a record of a study has what is read of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mmremix.utils.names import FUSION

KEY = ('study', 'setting', 'method', 'seed', 'lr', 'config')
"""What a record is of. A second one of the same takes its place."""

DONE, FAILED, DIVERGED = 'done', 'failed', 'diverged'


def problem_of(record: object) -> str:
    """What is wrong with a record; empty if nothing is.

    Args:
        record: What stands in a file of results.
    """
    if not isinstance(record, Mapping):
        return f'{repr(record)[:60]} is no record of a run, {{"study": ...}}'
    lacking = [name for name in KEY if name not in record]
    if lacking:
        return f'the record has no {", ".join(lacking)}'
    for name, value, holds, wanted in _rules(record):
        if not holds(value):
            return f'{name} is {repr(value)[:60]}, and {wanted}'
    return ''


Rule = tuple[str, Any, Callable[[Any], bool], str]
"""Name, value, what must hold of it, and that in words."""


def _rules(record: Mapping[str, Any]) -> Iterator[Rule]:
    for name in ('study', 'setting', 'method', 'config'):
        yield name, record[name], _is_text, 'must be text'
    yield 'seed', record['seed'], _is_whole, 'a whole number is needed'
    yield 'lr', record['lr'], _is_rate, 'must be a number, or text'
    states = (DONE, FAILED, DIVERGED)
    status = record.get('status')
    yield 'status', status, states.__contains__, f'must be one of {states}'
    if status != DONE:
        return
    for name in ('steps', 'seconds'):
        yield name, record.get(name), _is_number, 'must be a number'
    yield 'epochs', record.get('epochs'), _is_whole, 'must be a whole number'
    yield from _table('passes', record.get('passes'))
    # Whoever goes through the rules stops at the first that is broken.
    accuracy: Any = record.get('accuracy')
    yield 'accuracy', accuracy, _is_table, 'a run that is done has one'
    for part in ('held_out', 'test'):
        found: Any = accuracy.get(part)
        yield from _table(f'accuracy.{part}', found)
        yield (
            f'accuracy.{part}.{FUSION}',
            found.get(FUSION),
            _is_number,
            'must be a number',
        )


def _table(name: str, value: Any) -> Iterator[Rule]:
    yield name, value, _is_table, 'must be numbers by name'
    for key, number in value.items():
        yield f'{name}.{key}', number, _is_number, 'must be a number'


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value)


def _is_rate(value: Any) -> bool:
    return _is_number(value) or isinstance(value, str)


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)
