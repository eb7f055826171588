"""Append scoring epochs to the records of a run."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np

from mmremix.datasets import MultimodalDataset
from mmremix.engine.hooks.remix_state import RemixState
from mmremix.engine.records import discrepancy_ratios, iterate_blocks
from mmremix.engine.scoring import ScoreTable


class RecordFile:
    """The growing file that :func:`~mmremix.engine.read_records` reads.

    It is only ever cut between two blocks, so a kill at any moment leaves
    all earlier epochs readable.

    Args:
        path: The file; need not be there yet.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        # Size and epoch after this process' last block: up to there nothing
        # is torn, and no later epoch.
        self._end = self._epoch = -1

    def set_aside(self) -> Path | None:
        """Give the file of an earlier run a number, and make room.

        Returns:
            Its new path, or None if there was no file.
        """
        if not self.path.exists():
            return None
        number = 1
        while (kept := self._numbered(number)).exists():
            number += 1
        self.path.rename(kept)
        return kept

    def cut(self, epoch: int) -> None:
        """Drop the records of this epoch (from 1) and later ones.

        An incomplete block at the end goes too.
        """
        if not self.path.exists():
            return
        end = 0
        with self.path.open('rb') as stream:
            for number, (stop, block) in enumerate(iterate_blocks(stream)):
                if number >= 2 and block['epoch'] >= epoch:
                    break
                # Samples without class names are no use.
                end = stop if number else 0
        if end < self.path.stat().st_size:
            os.truncate(self.path, end)

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
        blocks = [record]
        if not self.path.exists() or self.path.stat().st_size == 0:
            classes = list(dataset.metainfo.get('classes') or ())
            blocks = [
                sample_table(dataset),
                np.array(classes, dtype=np.str_),
                record,
            ]
        else:
            self._check_samples(len(record['assignments']))
        data = io.BytesIO()
        for block in blocks:
            np.lib.format.write_array(data, block, allow_pickle=False)
        with self.path.open('ab') as stream:
            stream.write(data.getvalue())
            stream.flush()
            os.fsync(stream.fileno())
            self._end, self._epoch = stream.tell(), epoch

    def _check_samples(self, number: int) -> None:
        with self.path.open('rb') as stream:
            _, samples = next(iterate_blocks(stream))
        if len(samples) != number:
            raise ValueError(
                f'{self.path} holds the records of {len(samples)} training '
                f'samples, this run has {number}: it is of another run. Move '
                'the file away, or train in another work_dir.'
            )

    def _numbered(self, number: int) -> Path:
        return self.path.with_suffix(f'.{number}{self.path.suffix}')


def sample_table(dataset: MultimodalDataset) -> np.ndarray:
    """Describe the samples: see :class:`~mmremix.engine.records.Records`."""
    rows = []
    for index in range(len(dataset)):
        row = dataset.row(index)
        rows.append(
            (
                row.clip,
                -1 if row.label is None else row.label,
                np.nan if row.start is None else row.start,
                np.nan if row.end is None else row.end,
            )
        )
    width = max((len(row[0]) for row in rows), default=0)
    return np.array(
        rows,
        dtype=[
            ('clip', np.str_, max(width, 1)),
            ('label', np.int32),
            ('start', np.float64),
            ('end', np.float64),
        ],
    )


def epoch_record(
    state: RemixState,
    table: ScoreTable,
    flips: int,
    seconds: float,
    labels: np.ndarray,
    num_classes: int,
) -> np.ndarray:
    """Pack one scoring epoch; the fields of the dtype say what is what.

    Args:
        state: The decision.
        table: The scoring pass that it rests on.
        flips: Samples that changed their modality.
        seconds: What scoring and deciding took.
        labels: ``(N,)`` class of every sample, -1 where there is none.
        num_classes: M.

    Returns:
        A structured array without dimensions.
    """
    names = state.modalities
    size = len(state.assignments)
    dtype = np.dtype(
        [
            ('epoch', np.int32),
            ('seconds', np.float32),
            ('flips', np.int32),
            ('fingerprint', np.str_, max(len(state.fingerprint), 1)),
            # Without the fused one, NaN: all records of a file are alike.
            ('accuracy', [(n, np.float32) for n in ('fusion', *names)]),
            ('mean_kl', [(name, np.float32) for name in names]),
            ('rho', [(name, np.float32) for name in names]),
            ('count', [(name, np.int32) for name in names]),
            ('class_count', [(n, np.int32, (num_classes,)) for n in names]),
            ('scores', [(name, np.float32, (size,)) for name in names]),
            ('assignments', np.int8, (size,)),
        ]
    )
    record = np.zeros((), dtype)
    record['epoch'] = state.epoch + 1
    record['seconds'] = seconds
    record['flips'] = flips
    record['fingerprint'] = state.fingerprint
    for name in ('fusion', *names):
        record['accuracy'][name] = table.accuracy.get(name, np.nan)
    mean_kl = state.scores.nanmean(dim=0).tolist()
    assignments = state.assignments.numpy()
    scores = state.scores.numpy()
    rho = discrepancy_ratios(
        {n: p for n, p in table.true_probability.items() if n in names}
    )
    for k, name in enumerate(names):
        mine = assignments == k
        record['mean_kl'][name] = mean_kl[k]
        record['rho'][name] = rho.get(name, np.nan)
        record['count'][name] = mine.sum()
        record['class_count'][name] = np.bincount(
            labels[mine & (labels >= 0)], minlength=num_classes
        )
        record['scores'][name] = scores[:, k]
    record['assignments'] = assignments
    return record
