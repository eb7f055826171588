"""The results of a study: a list of small records in one JSON file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmremix.utils.errors import ConfigError
from mmremix.utils.whole_files import write_whole

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

Record = dict[str, Any]
"""What is kept of a run: see docs/study.md."""

KEY = ('study', 'setting', 'method', 'seed', 'lr', 'config')
"""What a record is of. A second one of the same takes its place."""

DONE, FAILED, DIVERGED = 'done', 'failed', 'diverged'

POOL, SHARED_POOL = 'pool', 'pool_over_folds'
"""Read-outs that are fitted: in each run; once for all folds."""


def key_of(record: Mapping[str, Any]) -> str:
    """Text that is equal for records of the same run."""
    return json.dumps([record.get(name) for name in KEY])


def read_records(path: str | Path) -> list[Record]:
    """The records of a file; none, if there is no file.

    Raises:
        ConfigError: If it is no list of records.
    """
    if not Path(path).is_file():
        return []
    try:
        found = json.loads(Path(path).read_text(encoding='utf-8'))
        lacking = [r for r in found if not {*KEY} <= r.keys()]
    except (ValueError, TypeError, AttributeError) as error:
        raise ConfigError(
            f'{path} is no file of results: {error}. Name one that '
            'tools/study.py has written.'
        ) from error
    if lacking:
        raise ConfigError(
            f'{path}: a record lacks some of {KEY}: {str(lacking[0])[:200]}'
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


def _order(record: Mapping[str, Any]) -> tuple[Any, ...]:
    lr = record['lr']
    return (
        *(str(record[name]) for name in ('study', 'setting', 'method')),
        str(record['config']),
        (0, record['seed']),
        (0, -lr) if isinstance(lr, int | float) else (1, 0),
    )
