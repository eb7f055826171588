"""The results of a study: a list of small records in one JSON file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmremix.study.record_check import (
    DIVERGED,
    DONE,
    FAILED,
    KEY,
    problem_of,
)
from mmremix.utils.errors import ConfigError
from mmremix.utils.whole_files import write_whole

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_BETWEEN = re.compile(r'[\s,]*')

Record = dict[str, Any]
"""What is kept of a run: see docs/study.md."""

POOL, SHARED_POOL = 'pool', 'pool_over_folds'
"""Read-outs that are fitted: in each run; once for all folds."""


def key_of(record: Mapping[str, Any]) -> str:
    """Text that is equal for records of the same run."""
    return json.dumps([record.get(name) for name in KEY])


def read_records(path: str | Path) -> list[Record]:
    """The records of a file; none, if there is no file.

    Raises:
        ConfigError: If it is no list of records, with the line of the first
            that is none.
    """
    if not Path(path).is_file():
        return []
    try:
        text = Path(path).read_text(encoding='utf-8')
        found = json.loads(text)
        if not isinstance(found, list):
            raise ValueError(f'a {type(found).__name__}, and no list')
    except ValueError as error:
        raise ConfigError(
            f'{path} is no file of results: {error}. Name one that '
            'tools/study.py has written.'
        ) from error
    for number, record in enumerate(found):
        problem = problem_of(record)
        # Going on without it would lose it when the file is written next.
        if problem:
            raise ConfigError(
                f'{path}, line {_line(text, number)}: {problem}. Mend this '
                'record, or take it out: its run is then done again, or '
                f'found in its work directory. It is {str(record)[:200]}'
            )
    records: list[Record] = found
    return records


def merge(records: Iterable[Record], others: Iterable[Record]) -> list[Record]:
    """Both, in order of their keys; of two of the same run the better known.

    A run that is done wins over one that is not, then the later one.
    """
    merged: dict[str, Record] = {}
    for record in (*records, *others):
        key = key_of(record)
        before = merged.get(key)
        if before is None or _rank(record) >= _rank(before):
            merged[key] = record
    return sorted(merged.values(), key=_order)


def add_records(path: str | Path, new: Iterable[Record]) -> list[Record]:
    """Merge records into a file, whoever else writes to it.

    Returns:
        All that are there now.
    """
    new = list(new)
    with locked(path):
        before = read_records(path)
        merged = merge(before, new)
        if merged != before:
            write_whole(path, dump(merged).encode())
    return merged


def dump(records: Iterable[Record]) -> str:
    """JSON with a record a line, so that versions can be compared."""
    lines = ',\n'.join(json.dumps(record) for record in records)
    return f'[\n{lines}\n]\n' if lines else '[]\n'


@contextmanager
def locked(path: str | Path) -> Iterator[None]:
    """Wait until nobody else holds a file; let it go at the end.

    The lock is one of the operating system on ``.<name>.lock`` beside it,
    and goes with the process that holds it, however that ends.
    """
    place = Path(path).resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_name(f'.{place.name}.lock').open('w') as stream:
        if fcntl is not None:
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _rank(record: Mapping[str, Any]) -> tuple[bool, str]:
    return record.get('status') == DONE, str(record.get('finished', ''))


def _line(text: str, number: int) -> int:
    """Line, from 1, at which an item of a JSON list begins."""
    decoder, end = json.JSONDecoder(), text.index('[') + 1
    for _ in range(number + 1):
        start = _BETWEEN.match(text, end).end()  # type: ignore[union-attr]
        _, end = decoder.raw_decode(text, start)
    return text.count('\n', 0, start) + 1


def _order(record: Mapping[str, Any]) -> tuple[Any, ...]:
    lr = record['lr']
    return (
        *(str(record[name]) for name in ('study', 'setting', 'method')),
        str(record['config']),
        (0, record['seed']),
        (0, -lr) if isinstance(lr, int | float) else (1, 0),
    )


__all__ = [
    'DIVERGED',
    'DONE',
    'FAILED',
    'KEY',
    'POOL',
    'SHARED_POOL',
    'Record',
    'add_records',
    'dump',
    'key_of',
    'locked',
    'merge',
    'read_records',
]
