"""What a data set is, and whether another one is the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from mmremix.datasets.text_column import BLOCK

if TYPE_CHECKING:
    from mmremix.datasets.media_rows import RowBlock
    from mmremix.datasets.multimodal_dataset import MultimodalDataset

_VERSION = 2
_PARTS = {
    'media': 'rows: other files (column {})',
    'rows': 'rows: other rows of the file, or in another order',
    'array': 'rows: other numbers (array {})',
    'segments': 'rows: other segments (start, end)',
    'part': 'rows: another part of the samples (held out)',
    'labels': 'labels: the same rows have other labels',
}


@dataclass(frozen=True)
class DataIdentity:
    """Everything by which two data sets are the same, or are not.

    Files count by their paths relative to ``data_prefix``, so that a data
    set that was moved stays the same; their content does not count, nor do
    pipelines. What is not known is None, and is not compared.

    Attributes:
        modalities: Their names, in order.
        num_samples: N.
        fingerprint: Digest of all of it, rows in order.
        classes: Their names, in order.
        row_set: Digest of files and segments, in any order; it only says
            how rows differ whose fingerprint does.
        columns: Digest of each column, rows in order: ``labels``,
            ``segments`` and the media columns, as ``clip`` and ``audio``; of
            arrays ``labels``, ``rows`` and each array; ``part``, of the rows'
            numbers, if a part is held out.
    """

    modalities: tuple[str, ...]
    num_samples: int
    fingerprint: str
    classes: tuple[str, ...] | None = None
    row_set: str | None = None
    columns: Mapping[str, str] | None = None

    @classmethod
    def of(cls, dataset: MultimodalDataset) -> DataIdentity:
        """Look at every row of a data set once."""
        classes = tuple(map(str, dataset.metainfo.get('classes') or ()))
        digests = {'labels': _Digest(), 'segments': _Digest()}
        keys = [np.empty(0, dtype=np.uint64)]
        rows = 0
        for block in dataset.row_blocks():
            times = zip(block.starts, block.ends, strict=True)
            digests['labels'].add([*map(repr, block.labels)])
            digests['segments'].add([*map(repr, times)])
            for name, texts in block.media.items():
                column = f'media {name}'
                if column not in digests:
                    # It comes late: the rows before have nothing.
                    digests[column] = _Digest(rows)
                digests[column].add([repr(text or None) for text in texts])
            keys.append(_keys(block))
            rows += len(block.labels)
            for digest in digests.values():
                digest.fill(rows)
        columns = {name: d.text() for name, d in digests.items()}
        if dataset.part is not None and dataset.source_rows is not None:
            columns['part'] = _digest(map(str, dataset.source_rows))
        row_set = hashlib.sha256(np.sort(np.concatenate(keys)).tobytes())
        everything = (
            repr(dataset.modalities),
            repr(classes),
            repr(rows),
            repr(sorted(columns.items())),
        )
        return cls(
            modalities=tuple(dataset.modalities),
            num_samples=rows,
            fingerprint=_digest(everything),
            classes=classes,
            row_set=row_set.hexdigest()[:16],
            columns=columns,
        )

    def is_of(self, dataset: MultimodalDataset) -> bool:
        """Whether a data set has the same size, classes and modalities."""
        classes = tuple(map(str, dataset.metainfo.get('classes') or ()))
        mine = (self.modalities, self.num_samples, self.classes)
        return mine == (tuple(dataset.modalities), len(dataset), classes)

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Any]) -> DataIdentity:
        """Rebuild from a checkpoint.

        Raises:
            ValueError: If another version wrote it.
        """
        fields = dict(state)
        version = fields.pop('version', None)
        if version != _VERSION:
            raise ValueError(
                f'The checkpoint describes its training set in version '
                f'{version}, this release reads {_VERSION}. Resume with the '
                'release that wrote it, or start a new run from its weights: '
                'load_from=..., resume=False'
            )
        for key in ('modalities', 'classes'):
            if fields[key] is not None:
                fields[key] = tuple(fields[key])
        return cls(**fields)

    def state_dict(self) -> dict[str, Any]:
        """Plain numbers, strings, lists and dicts."""
        plain = {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in asdict(self).items()
        }
        return {'version': _VERSION, **plain}

    def differences(
        self, other: DataIdentity, here: str, there: str
    ) -> list[str]:
        """What sets another data set apart from this one, in words.

        Args:
            other: The other one.
            here: Where this one is, such as ``'in the checkpoint'``.
            there: Where the other is.

        Returns:
            A line each; none if they are the same.
        """
        found = [
            f'{what}: {list(mine)} {here}, {list(theirs)} {there}'
            for what, mine, theirs in (
                ('modalities', self.modalities, other.modalities),
                ('classes', self.classes, other.classes),
            )
            if mine is not None and theirs is not None and mine != theirs
        ]
        if self.num_samples != other.num_samples:
            found.append(
                f'samples: {self.num_samples} {here}, '
                f'{other.num_samples} {there}'
            )
        else:
            found += self._other_rows(other)
        if not found and self.fingerprint != other.fingerprint:
            found.append(
                'rows, their order, labels or classes: fingerprint '
                f'{self.fingerprint} {here}, {other.fingerprint} {there}'
            )
        return found

    def _other_rows(self, other: DataIdentity) -> list[str]:
        mine, theirs = self.columns, other.columns
        if mine is None or theirs is None or mine == theirs:
            return []
        changed = [
            name
            for name in sorted({*mine, *theirs})
            if mine.get(name) != theirs.get(name)
        ]
        if changed != ['labels'] and self.row_set == other.row_set:
            return ['rows: the same, but in another order']
        found = []
        for name in changed:
            kind, _, column = name.partition(' ')
            found.append(_PARTS[kind].format(column))
        return found


def check_same_data(stored: DataIdentity, dataset: MultimodalDataset) -> None:
    """Refuse to resume on other data.

    Args:
        stored: What the checkpoint says of its training set.
        dataset: The training set.

    Raises:
        ValueError: Naming the differences.
    """
    found = stored.differences(
        dataset.identity(), 'in the checkpoint', 'in train_dataloader'
    )
    if found:
        listed = '\n  '.join(found)
        raise ValueError(
            'Cannot resume, the training set is not that of the checkpoint:\n'
            f'  {listed}\n'
            'Resume with the data of that run, or start a new run from its '
            'weights: load_from=..., resume=False'
        )


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256('\n'.join(parts).encode()).hexdigest()[:16]


def _keys(block: RowBlock) -> np.ndarray:
    """A number for the files and the segment of each row, uint64."""
    keys = np.zeros(len(block.labels), dtype=np.uint64)
    for name, texts in block.media.items():
        sums = [crc32(text.encode('utf-8', 'surrogatepass')) for text in texts]
        # That of an empty text is 0: a column without files counts nothing.
        keys += np.array(sums, dtype=np.uint64) * _factor(name)
    for name, times in (('start', block.starts), ('end', block.ends)):
        seconds = np.array(times, dtype=np.float64)
        bits = seconds.view(np.uint64)
        keys += np.where(np.isnan(seconds), np.uint64(0), bits) * _factor(name)
    return keys


def _factor(name: str) -> np.uint64:
    """An odd number that is another for another name."""
    return np.uint64(2 * crc32(name.encode()) + 1)


class _Digest:
    """SHA-256 of lines that come block by block.

    Args:
        missing: How many lines, each None, come before.
    """

    def __init__(self, missing: int = 0) -> None:
        self._hash = hashlib.sha256()
        self._lines = 0
        self.fill(missing)

    def fill(self, lines: int) -> None:
        """Add lines, each None, until there are so many."""
        while self._lines < lines:
            self.add(['None'] * min(lines - self._lines, BLOCK))

    def add(self, lines: Sequence[str]) -> None:
        """Add lines."""
        if lines:
            between = '\n' if self._lines else ''
            self._hash.update((between + '\n'.join(lines)).encode())
            self._lines += len(lines)

    def text(self) -> str:
        """What :func:`_digest` gives of all lines."""
        return self._hash.hexdigest()[:16]
