"""The rows of an annotation of clips, in arrays."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from mmremix.datasets.paths import media_path
from mmremix.datasets.text_column import (
    BLOCK,
    CodeBuilder,
    CodedColumn,
    TextBuilder,
    TextColumn,
)

MEDIA_KEYS = ('clip', 'audio')
"""Keys of a row that name files."""
_TIMES = ('start', 'end')


class RowBlock(NamedTuple):
    """What some samples are; see :class:`~mmremix.datasets.Row`.

    Attributes:
        labels: Class indices, or tuples of them, or None.
        starts: Seconds, None for none.
        ends: Seconds, None for none.
        media: For each column the names of the files, empty for none.
    """

    labels: list[Any]
    starts: list[float | None]
    ends: list[float | None]
    media: dict[str, list[str]]


@dataclass(frozen=True)
class MediaRows(Sequence[dict[str, Any]]):
    """Rows as :func:`~mmremix.datasets.annotation.read_csv` gives them.

    A row is a dict when it is asked for; in between it takes some 60 bytes,
    not 1,000, and worker processes share it.

    Attributes:
        files: ``clip`` and ``audio``; an empty text stands for none.
        labels: Text, class index, or class indices.
        times: ``start`` and ``end`` in seconds, ``(N,)``, NaN for none.
        places: Line number of each row, ``(N,)``; None in folders.
        further: Further columns that are kept.
        folders: What comes before the names of ``files``.
        suffix: What comes after those of ``clip``.
    """

    files: Mapping[str, TextColumn]
    labels: CodedColumn
    times: Mapping[str, np.ndarray] = field(default_factory=dict)
    places: np.ndarray | None = None
    further: Mapping[str, TextColumn] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)
    suffix: str = ''

    def __len__(self) -> int:
        return len(self.labels)

    # A slice is never asked for: `take` gives several.
    def __getitem__(self, index: int) -> dict[str, Any]:  # type: ignore[override]
        if not -len(self) <= index < len(self):
            raise IndexError(f'row {index} of {len(self)}')
        row: dict[str, Any] = {}
        for key in ('clip', 'label', 'audio'):
            if key == 'label':
                row[key] = self.labels[index]
            elif key in self.files and (name := self.files[key][index]):
                row[key] = self._path(key, name)
        for key, values in self.times.items():
            if not np.isnan(values[index]):
                row[key] = float(values[index])
        if self.places is not None:
            row['row'] = int(self.places[index])
        if self.further:
            row['columns'] = {k: v[index] for k, v in self.further.items()}
        return row

    def take(self, rows: np.ndarray) -> MediaRows:
        """Some of the rows."""
        return replace(
            self,
            files={k: v.take(rows) for k, v in self.files.items()},
            labels=self.labels.take(rows),
            times={k: v[rows] for k, v in self.times.items()},
            places=None if self.places is None else self.places[rows],
            further={k: v.take(rows) for k, v in self.further.items()},
        )

    def located(
        self, folders: Mapping[str, str], suffix: str, margin: float
    ) -> MediaRows:
        """The same with paths, and segments that are longer on both sides.

        Args:
            folders: Folder of each of ``files``.
            suffix: Appended to each clip.
            margin: Seconds.
        """
        files = {}
        for key, texts in self.files.items():
            ending = suffix if key == 'clip' else ''
            files[key] = _trimmed(texts, folders.get(key, ''), ending)
        times = dict(self.times)
        if 'start' in times:
            times['start'] = np.maximum(0.0, times['start'] - margin)
        if 'end' in times:
            times['end'] = times['end'] + margin
        return replace(
            self, files=files, times=times, folders=folders, suffix=suffix
        )

    def paths(self, key: str) -> Iterator[str]:
        """The files of a column, empty where there is none."""
        if key not in self.files:
            return
        folder, ending = self._around(key)
        for names in self.files[key].blocks():
            rooted = '\0/' in '\0'.join(['', *names])
            if rooted or os.sep != '/' or not all(names):
                yield from (self._path(key, n) if n else '' for n in names)
            else:
                # What os.path.join does, which would take longer.
                yield from [folder + name + ending for name in names]

    def blocks(self, roots: Mapping[str, str]) -> Iterator[RowBlock]:
        """What the rows are, so many at a time.

        Args:
            roots: For each of ``files``, what its names are relative to, as
                ``os.path.relpath`` takes it; empty: paths as they are.
        """
        names = [self._names(key, roots.get(key, '')) for key in self.files]
        codes = self.labels.codes
        for first, *texts in zip(
            range(0, len(self), BLOCK), *names, strict=True
        ):
            rows = slice(first, first + BLOCK)
            size = len(texts[0])
            yield RowBlock(
                labels=[self.labels.values[c] for c in codes[rows].tolist()],
                starts=self._seconds('start', rows, size),
                ends=self._seconds('end', rows, size),
                media=dict(zip(self.files, texts, strict=True)),
            )

    def _seconds(self, key: str, rows: slice, size: int) -> list[float | None]:
        if key not in self.times:
            return [None] * size
        values: list[float] = self.times[key][rows].tolist()
        return [None if x != x else x for x in values]

    def _names(self, key: str, root: str) -> Iterator[list[str]]:
        _, ending = self._around(key)
        plain = root and root == self.folders.get(key, '')
        for block in self.files[key].blocks():
            names = [name + ending if name else '' for name in block]
            if not plain or not _are_plain(names):
                paths = (self._path(key, n) if n else '' for n in block)
                names = [
                    os.path.relpath(path, root) if path and root else path
                    for path in paths
                ]
            yield names

    def repeated(self) -> list[str]:
        """Which rows are the same clip and segment as an earlier one."""
        key = np.zeros(len(self), dtype=np.uint64)
        for texts in self.files.values():
            mixed = np.fromiter(map(hash, texts), np.int64, len(texts))
            key = key * np.uint64(31) + mixed.view(np.uint64)
        for times in self.times.values():
            # Seconds are at least 0, and there is one NaN: equal, equal bits.
            key = key * np.uint64(31) + (times + 0.0).view(np.uint64)
        order = np.argsort(key, kind='stable')
        same = key[order[1:]] == key[order[:-1]]
        alike = np.zeros(len(self), dtype=bool)
        alike[order[1:][same]] = alike[order[:-1][same]] = True
        first: dict[tuple[Any, ...], dict[str, Any]] = {}
        found = []
        for index in np.flatnonzero(alike).tolist():
            row = self[index]
            values = tuple(row.get(k) for k in (*MEDIA_KEYS, *_TIMES))
            other = first.setdefault(values, row)
            if other is not row:
                text = f'line {row.get("row", "-")} repeats line '
                text += str(other.get('row', '-'))
                if other['label'] != row['label']:
                    text += ' with another label'
                found.append(text)
        return found

    def _path(self, key: str, name: str) -> str:
        folder, ending = self._around(key)
        return os.path.join(folder, name + ending)

    def _around(self, key: str) -> tuple[str, str]:
        """What comes before and after the names of a column."""
        folder = os.path.join(self.folders.get(key, ''), '')
        return folder, self.suffix if key == 'clip' else ''


class RowBuilder:
    """Collects the rows of :class:`MediaRows`, block by block.

    Args:
        further: Names of further columns.
    """

    def __init__(self, further: Iterable[str] = ()) -> None:
        self._texts = {k: TextBuilder() for k in MEDIA_KEYS}
        self._labels = CodeBuilder()
        self._times: dict[str, list[np.ndarray]] = {k: [] for k in _TIMES}
        self._places: list[np.ndarray] = []
        self._further = {k: TextBuilder() for k in further}
        self._has_audio = False

    def extend(
        self,
        columns: Mapping[str, Sequence[Any]],
        further: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        """Append rows.

        Args:
            columns: ``clip`` and ``label``, and what there is of ``audio``,
                ``start``, ``end`` and ``row`` (line numbers); an empty text
                or NaN stands for none.
            further: The further ones.
        """
        size = len(columns['clip'])
        audio = columns.get('audio') or [''] * size
        self._has_audio = self._has_audio or any(audio)
        self._texts['clip'].extend(columns['clip'])
        self._texts['audio'].extend(audio)
        self._labels.extend(columns['label'])
        for key, times in self._times.items():
            values = columns.get(key)
            times.append(
                np.full(size, np.nan)
                if values is None
                else np.array(values, dtype=np.float64)
            )
        for key, texts in self._further.items():
            texts.extend((further or {})[key])
        if 'row' in columns:
            self._places.append(np.array(columns['row'], dtype=np.int32))

    def build(self) -> MediaRows:
        """The rows; columns without any value are left out."""
        files = {'clip': self._texts['clip'].build()}
        if self._has_audio:
            files['audio'] = self._texts['audio'].build()
        self._texts.clear()
        times = {}
        for key, blocks in self._times.items():
            values = np.concatenate(blocks) if blocks else np.empty(0)
            if not np.isnan(values).all():
                times[key] = values
        return MediaRows(
            files=files,
            labels=self._labels.build(),
            times=times,
            places=np.concatenate(self._places) if self._places else None,
            further={k: v.build() for k, v in self._further.items()},
        )


def _trimmed(texts: TextColumn, folder: str, suffix: str) -> TextColumn:
    """Names without the blanks around them that are not theirs."""
    if not texts.may_be_padded:
        return texts
    builder = TextBuilder()
    for block in texts.blocks():
        builder.extend(_trim(text, folder, suffix) for text in block)
    return builder.build()


def _trim(text: str, folder: str, suffix: str) -> str:
    whole = os.path.join(folder, text + suffix)
    is_whole = media_path(folder, text, suffix) == whole
    return text if is_whole else text.strip()


def _are_plain(names: Sequence[str]) -> bool:
    """Whether ``os.path.relpath`` gives what was joined."""
    if os.sep != '/':
        return False
    text = '/\n/'.join(['', *filter(None, names), ''])
    return not any(part in text for part in ('/./', '/../', '//'))
