"""What Remix decided in every scoring epoch, as one file of a run.

The file is a sequence of ``.npy`` blocks, which numpy can read from one open
file: the samples, the class names, then one structured record a scoring
epoch, each behind its length and checksum (see
:mod:`mmremix.records.blocks`). Nothing is pickled.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmremix.records.blocks import DamagedBlockError, iterate_blocks
from mmremix.utils.errors import MissingFileError

FILE_NAME = 'remix_records.npy'
"""Name of the file in the work directory."""
SEVERAL = -2
"""Class index of a sample with several labels."""
PER_SAMPLE = ('scores', 'assignments')
"""Fields of an epoch's record that grow with the samples."""


@dataclass
class Records:
    """The scoring epochs of a run: E epochs, N samples, K modalities.

    Of F of the epochs, what each sample got is kept: of all, or, beyond the
    limit of ``RemixRecordHook``, of the first and of the newest.

    Attributes:
        samples: ``(N,)`` structured: ``clip`` (relative to its prefix),
            ``label`` (-1: none), ``start`` and ``end`` (seconds, NaN: the
            whole clip).
        classes: The M class names.
        modalities: Names of the columns.
        fingerprint: Of the training set.
        epochs: ``(E,)`` numbers of the scoring epochs, from 1 as in the log.
        seconds: ``(E,)`` that scoring and deciding took.
        flips: ``(E,)`` samples that changed their modality.
        accuracy: For ``fusion`` and each modality, ``(E,)``, on the training
            set in evaluation mode.
        mean_kl: ``(E, K)`` in nats.
        rho: ``(E, K)``, see :func:`discrepancy_ratios`; NaN where it was not
            measured.
        count: ``(E, K)`` samples that each modality keeps.
        class_count: ``(E, K, M)``, the same by class.
        kept: ``(F,)`` positions in ``epochs``, ascending.
        scores: ``(F, N, K)`` float32; NaN: could not be loaded.
        assignments: ``(F, N)`` int8 columns; -1: could not be loaded.
        damage: What is wrong with the file behind these epochs; empty if
            nothing is.
    """

    samples: np.ndarray
    classes: list[str]
    modalities: tuple[str, ...]
    fingerprint: str
    epochs: np.ndarray
    seconds: np.ndarray
    flips: np.ndarray
    accuracy: dict[str, np.ndarray]
    mean_kl: np.ndarray
    rho: np.ndarray
    count: np.ndarray
    class_count: np.ndarray
    kept: np.ndarray
    scores: np.ndarray
    assignments: np.ndarray
    damage: str = ''

    def epoch_table(self) -> dict[str, np.ndarray]:
        """One row a scoring epoch, for ``pandas.DataFrame(...)``."""
        table = {'epoch': self.epochs, 'seconds': self.seconds}
        table['flips'] = self.flips
        for name, values in self.accuracy.items():
            table[f'accuracy_{name}'] = values
        for k, name in enumerate(self.modalities):
            table[f'mean_kl_{name}'] = self.mean_kl[:, k]
            table[f'rho_{name}'] = self.rho[:, k]
            table[f'count_{name}'] = self.count[:, k]
        return table

    def sample_table(self) -> dict[str, np.ndarray]:
        """One row a training sample, for ``pandas.DataFrame(...)``.

        Over the epochs that :attr:`kept` names, ``given_<name>`` counts those
        in which the sample kept that modality, ``flips`` how often it
        changed, ``mean_kl_<name>`` is the mean (NaN if it could never be
        loaded).
        """
        names = self.samples.dtype.names or ()
        table = {name: self.samples[name] for name in names}
        before, after = self.assignments[:-1], self.assignments[1:]
        # As the log counts them: not where a sample could not be loaded.
        changed = (before != after) & (before >= 0) & (after >= 0)
        table['flips'] = changed.sum(axis=0)
        scored = ~np.isnan(self.scores)
        total = np.where(scored, self.scores, 0).sum(axis=0, dtype=float)
        seen = scored.sum(axis=0)
        mean = np.full(total.shape, np.nan)
        np.divide(total, seen, out=mean, where=seen > 0)
        for k, name in enumerate(self.modalities):
            table[f'given_{name}'] = (self.assignments == k).sum(axis=0)
            table[f'mean_kl_{name}'] = mean[:, k]
        return table


def read_records(path: str | Path) -> Records:
    """Read the records of a run, also while it is still going on.

    An incomplete last block (the run was killed while it wrote) is left out.
    Of a damaged file, the epochs before the damage are read, with a warning.

    Args:
        path: The file, or the work directory that it is in.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file holds no complete scoring epoch, or is
            damaged before the end of the first.
    """
    file = Path(path)
    if file.is_dir():
        file = file / FILE_NAME
    if not file.is_file():
        raise MissingFileError(
            f'No {file}. Runs with KLScoreHook write it if the config has '
            "default_hooks = dict(records=dict(type='RemixRecordHook'))."
        )
    blocks: list[np.ndarray] = []
    damage = ''
    with file.open('rb') as stream:
        try:
            blocks += (block for _, block in iterate_blocks(stream))
        except DamagedBlockError as error:
            damage = f'{file}: {error}'
    if all(map(is_short, blocks[2:])):
        raise ValueError(
            damage
            or f'{file} holds no complete scoring epoch: the run was stopped '
            'while it wrote one.'
        )
    if damage:
        damage += f'; only the {len(blocks) - 2} scoring epochs before it are'
        damage += ' read.'
        warnings.warn(damage, RuntimeWarning, stacklevel=2)
    samples, classes, *rows = blocks
    # The newest may be there twice, in short and in full.
    full = np.stack([row for row in rows if not is_short(row)])
    once = {int(row['epoch']): row for row in rows}
    shared = [n for n in full.dtype.names or () if n not in PER_SAMPLE]
    epochs = {n: np.stack([row[n] for row in once.values()]) for n in shared}
    names = full.dtype['scores'].names or ()

    def columns(values: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.stack([values[name] for name in names], axis=axis)

    return Records(
        samples=_as_text(samples),
        classes=classes.tolist(),
        modalities=names,
        fingerprint=str(epochs['fingerprint'][-1]),
        epochs=epochs['epoch'],
        seconds=epochs['seconds'],
        flips=epochs['flips'],
        accuracy={
            name: epochs['accuracy'][name]
            for name in epochs['accuracy'].dtype.names or ()
        },
        mean_kl=columns(epochs['mean_kl']),
        rho=columns(epochs['rho']),
        count=columns(epochs['count']),
        class_count=columns(epochs['class_count'], axis=1),
        kept=np.flatnonzero(np.isin(epochs['epoch'], full['epoch'])),
        scores=columns(full['scores']),
        assignments=full['assignments'],
        damage=damage,
    )


def is_short(record: np.ndarray) -> bool:
    """Whether an epoch's record leaves out what each sample got."""
    return record['assignments'].shape == (0,)


def _as_text(samples: np.ndarray) -> np.ndarray:
    """Samples with their clips as text, which the file holds as UTF-8."""
    if samples.dtype['clip'].kind == 'U':  # of an earlier state
        return samples
    clips = [clip.decode('utf-8', 'surrogatepass') for clip in samples['clip']]
    width = max(map(len, clips), default=0)
    fields = [
        (name, f'U{max(width, 1)}' if name == 'clip' else samples.dtype[name])
        for name in samples.dtype.names or ()
    ]
    table = np.empty(len(samples), dtype=fields)
    for name in samples.dtype.names or ():
        table[name] = clips if name == 'clip' else samples[name]
    return table


def discrepancy_ratios(
    true_probability: Mapping[str, float],
) -> dict[str, float]:
    """How far each modality is ahead of the others: OGM-GE's rho.

    Peng et al., Balanced Multimodal Learning via On-the-fly Gradient
    Modulation, CVPR 2022: a modality's probability of the true class, by the
    other's. There both are sums over a batch, here means over the training
    set. With more than two modalities the mean of the others' takes the
    other's place.

    Args:
        true_probability: Mean softmax probability of the true class.

    Returns:
        A ratio for each name: above 1, it is ahead. Empty for less than two.
    """
    ratios = {}
    for name, value in true_probability.items():
        others = [v for n, v in true_probability.items() if n != name]
        mean = sum(others) / len(others) if others else 0.0
        if mean > 0:
            ratios[name] = value / mean
    return ratios
