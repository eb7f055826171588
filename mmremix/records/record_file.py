"""Append scoring epochs to the records of a run."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from mmremix.datasets import MultimodalDataset
from mmremix.datasets.media_rows import RowBlock
from mmremix.records.blocks import (
    DamagedBlockError,
    iterate_blocks,
    write_block,
)
from mmremix.records.records import (
    PER_SAMPLE,
    SEVERAL,
    discrepancy_ratios,
    is_short,
)
from mmremix.utils.names import FUSION
from mmremix.utils.whole_files import write_whole


class RecordFile:
    """The growing file that :func:`~mmremix.records.read_records` reads.

    It is only ever cut between two blocks, so a kill at any moment leaves
    all earlier epochs readable. Beyond the limit an epoch is written twice:
    in short, which stays, and in full, which the next epoch takes the place
    of.

    Args:
        path: The file; need not be there yet.
        limit: Bytes that epochs in full may take, besides the newest one;
            ``None`` for any number.

    Attributes:
        shortened: The first epoch of this process beyond the limit, or None.
    """

    def __init__(self, path: str | Path, limit: int | None = None) -> None:
        self.path = Path(path)
        self.limit = limit
        self.shortened: int | None = None
        # Size and epoch after this process' last block: up to there nothing
        # is torn, and no later epoch.
        self._end = self._epoch = -1
        # Where the epoch begins that does not stay in full, or None, and
        # the bytes of those that do.
        self._passing: int | None = None
        self._full = 0

    def set_aside(self) -> Path | None:
        """Give the file of an earlier run a number, and make room.

        Returns:
            Its new path, or None if there was no file.
        """
        return self._renamed() if self.path.exists() else None

    def cut(self, epoch: int) -> Path | None:
        """Drop the records of this epoch (from 1) and later ones.

        An incomplete block at the end goes too. A file that is damaged
        before that epoch is set aside, with a warning; the epochs before the
        damage are kept.

        Returns:
            The new path of a damaged file, or None.
        """
        self._passing, self._full = None, 0
        if not self.path.exists():
            return None
        size = whole = self.path.stat().st_size
        end = stop = 0
        short = -1
        try:
            with self.path.open('rb') as stream:
                for number, (stop, block) in enumerate(iterate_blocks(stream)):
                    if number >= 2:
                        if block['epoch'] >= epoch:
                            break
                        if is_short(block):
                            short = int(block['epoch'])
                        elif block['epoch'] == short:
                            self._passing = end
                        else:
                            self._full += block.nbytes
                    # Samples without class names are no use.
                    end = stop if number else 0
                else:
                    whole = stop
        except DamagedBlockError as error:
            return self._set_damaged_aside(end, error)
        if whole < size:
            print_log(
                f'{self.path}: the last {size - whole} bytes are no whole '
                'record, and dropped. That is so after a kill; if the file '
                'was cut off, records of later epochs are lost.',
                'current',
                logging.WARNING,
            )
        if end < size:
            os.truncate(self.path, end)
        return None

    def append(self, dataset: MultimodalDataset, record: np.ndarray) -> None:
        """Write a scoring epoch, in the place of any of the same number.

        Args:
            dataset: The training set, described at the head of a new file.
            record: Of :func:`epoch_record`.

        Raises:
            ValueError: If the file belongs to another training set.
        """
        epoch = int(record['epoch'])
        size = self.path.stat().st_size if self.path.exists() else 0
        if size != self._end or epoch <= self._epoch:
            self.cut(epoch)
            self._check_samples(len(record['assignments']))
        stays = self.limit is None or self._full + record.nbytes <= self.limit
        if self._passing is not None:
            os.truncate(self.path, self._passing)
            self._passing = None
        with self.path.open('ab') as stream:
            if stream.tell() == 0:
                classes = list(dataset.metainfo.get('classes') or ())
                write_block(stream, sample_table(dataset))
                write_block(stream, np.array(classes, dtype=np.str_))
            if not stays:
                write_block(stream, shorten(record))
                self._passing = stream.tell()
                self.shortened = self.shortened or epoch
            write_block(stream, record)
            stream.flush()
            os.fsync(stream.fileno())
            self._end, self._epoch = stream.tell(), epoch
            self._full += record.nbytes * stays

    def _check_samples(self, number: int) -> None:
        if not self.path.exists() or self.path.stat().st_size == 0:
            return
        with self.path.open('rb') as stream:
            _, samples = next(iterate_blocks(stream))
        if len(samples) != number:
            raise ValueError(
                f'{self.path} holds the records of {len(samples)} training '
                f'samples, this run has {number}: it is of another run. Move '
                'the file away, or train in another work_dir.'
            )

    def _set_damaged_aside(self, end: int, error: ValueError) -> Path:
        with self.path.open('rb') as stream:
            intact = stream.read(end)
        kept = self._renamed('damaged.')
        if intact:
            write_whole(self.path, intact)
        print_log(
            f'The records {self.path} are damaged ({error}). The file is now '
            f'{kept}; the run goes on with the scoring epochs before the '
            'damage, if there are any.',
            logger='current',
            level=logging.WARNING,
        )
        return kept

    def _renamed(self, what: str = '') -> Path:
        """Give the file a name that is free, and return it."""
        number, suffix = 1, self.path.suffix
        while (
            kept := self.path.with_suffix(f'.{what}{number}{suffix}')
        ).exists():
            number += 1
        return self.path.rename(kept)


def _label_number(label: int | tuple[int, ...] | None) -> int:
    if isinstance(label, tuple):
        return SEVERAL
    return -1 if label is None else label


def sample_table(dataset: MultimodalDataset) -> np.ndarray:
    """Describe the samples: see :class:`~mmremix.records.Records`.

    Clips are UTF-8, a quarter of what numpy's text would take.
    """
    width = 1
    for block in dataset.row_blocks():
        width = max(width, *map(len, _clips(block)))
    table = np.empty(
        len(dataset),
        dtype=[
            ('clip', np.bytes_, width),
            ('label', np.int32),
            ('start', np.float64),
            ('end', np.float64),
        ],
    )
    first = 0
    for block in dataset.row_blocks():
        part = table[first : first + len(block.labels)]
        part['clip'] = _clips(block)
        part['label'] = [*map(_label_number, block.labels)]
        # None becomes NaN.
        part['start'] = np.array(block.starts, dtype=np.float64)
        part['end'] = np.array(block.ends, dtype=np.float64)
        first += len(part)
    return table


def _clips(block: RowBlock) -> list[bytes]:
    clips = block.media.get('clip') or [''] * len(block.labels)
    return [clip.encode('utf-8', 'surrogatepass') for clip in clips]


def shorten(record: np.ndarray) -> np.ndarray:
    """A scoring epoch without what it has of every sample."""
    dtype = record.dtype
    fields = [
        (name, _without_samples(dtype[name]) if name in PER_SAMPLE else kind)
        for name, (kind, *_) in (dtype.fields or {}).items()
    ]
    short = np.zeros((), np.dtype(fields))
    for name in dtype.names or ():
        if name not in PER_SAMPLE:
            short[name] = record[name]
    return short


def _without_samples(kind: np.dtype) -> np.dtype:
    if kind.names is None:
        return np.dtype((kind.base, (0,)))
    return np.dtype([(n, _without_samples(kind[n])) for n in kind.names])


def epoch_record(
    *,
    epoch: int,
    modalities: Sequence[str],
    scores: np.ndarray,
    assignments: np.ndarray,
    fingerprint: str,
    accuracy: Mapping[str, float],
    true_probability: Mapping[str, float],
    flips: int,
    seconds: float,
    labels: np.ndarray,
    num_classes: int,
) -> np.ndarray:
    """Pack one scoring epoch; the fields of the dtype say what is what.

    Args:
        epoch: Its number, from 1.
        modalities: Names of the K columns.
        scores: ``(N, K)``; NaN: could not be loaded.
        assignments: ``(N,)`` columns; -1: could not be loaded.
        fingerprint: Of the training set.
        accuracy: Of ``fusion`` and each modality.
        true_probability: Mean probability of the true class, of the same.
        flips: Samples that changed their modality.
        seconds: What scoring and deciding took.
        labels: ``(N,)`` class of every sample, -1 where there is none; or
            0 and 1, ``(N, M)``, where samples may have several.
        num_classes: M.

    Returns:
        A structured array without dimensions.
    """
    size = len(assignments)
    dtype = np.dtype(
        [
            ('epoch', np.int32),
            ('seconds', np.float32),
            ('flips', np.int32),
            ('fingerprint', np.str_, max(len(fingerprint), 1)),
            # Without the fused one, NaN: all records of a file are alike.
            ('accuracy', [(n, np.float32) for n in (FUSION, *modalities)]),
            ('mean_kl', [(n, np.float32) for n in modalities]),
            ('rho', [(n, np.float32) for n in modalities]),
            ('count', [(n, np.int32) for n in modalities]),
            (
                'class_count',
                [(n, np.int32, (num_classes,)) for n in modalities],
            ),
            ('scores', [(n, np.float32, (size,)) for n in modalities]),
            ('assignments', np.int8, (size,)),
        ]
    )
    record = np.zeros((), dtype)
    record['epoch'] = epoch
    record['seconds'] = seconds
    record['flips'] = flips
    record['fingerprint'] = fingerprint
    for name in (FUSION, *modalities):
        record['accuracy'][name] = accuracy.get(name, np.nan)
    rho = discrepancy_ratios(
        {n: p for n, p in true_probability.items() if n in modalities}
    )
    for k, name in enumerate(modalities):
        mine = assignments == k
        known = scores[:, k][~np.isnan(scores[:, k])]
        mean = known.mean(dtype=float) if len(known) else np.nan
        record['mean_kl'][name] = mean
        record['rho'][name] = rho.get(name, np.nan)
        record['count'][name] = mine.sum()
        record['class_count'][name] = (
            labels[mine].sum(axis=0)
            if labels.ndim == 2
            else np.bincount(
                labels[mine & (labels >= 0)], minlength=num_classes
            )
        )
        record['scores'][name] = scores[:, k]
    record['assignments'] = assignments
    return record
