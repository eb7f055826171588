"""Data set base class that loads only the active modalities."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mmremix.datasets.bases import BaseDataset, Pipeline
from mmremix.datasets.held_out import Part
from mmremix.datasets.identity import DataIdentity
from mmremix.datasets.indices import check_numbers, check_within
from mmremix.datasets.input_cache import InputCache
from mmremix.datasets.loading import load_sample
from mmremix.datasets.media_rows import MediaRows, RowBlock
from mmremix.datasets.parts import rows_of_part
from mmremix.datasets.presence import those_there
from mmremix.datasets.remix_index import RemixIndex, sample_seed
from mmremix.datasets.rows import Row, clip_row, column_of
from mmremix.datasets.seeded import seeded
from mmremix.datasets.text_column import BLOCK
from mmremix.datasets.transforms import ForModality, PackAVInputs
from mmremix.registry import TRANSFORMS

if TYPE_CHECKING:
    from typing_extensions import Self


class MultimodalDataset(BaseDataset):
    """mmengine ``BaseDataset`` that takes the active modalities by index.

    ``dataset[RemixIndex(7, ('audio',), seed)]`` runs the pipeline with
    ``active_modalities=('audio',)`` (and ``loaded_modalities``, the same
    unless the index says otherwise) and the augmentation seeded; a plain
    ``dataset[7]`` keeps all modalities. In test mode a plain index is seeded
    too, so that an evaluation pipeline with noise gives the same sample at
    every call.

    Derive from it, and implement ``load_data_list``, for annotations that
    :class:`AVDataset` does not read.

    Args:
        modalities: Names of the modalities. Their order is the order of
            everything: columns of the scores, ties, sequential batches.
        on_broken: What to do with a sample whose media cannot be decoded.
            ``'raise'``: stop with an error that names file and cause.
            ``'skip'``: another sample, drawn at random, takes its place; it
            carries ``replaces=(index, clip, reason)`` as meta information,
            by which scoring and metrics leave it out and
            ``BrokenSampleHook`` lists the broken one at the end of the run.
        pipeline: Transform configs.
        part: Split the samples that ``filter_cfg`` and ``indices`` leave,
            and keep a part: ``dict(keep='train', by='subject', folds=5,
            fold=0, seed=0)``, see :class:`~mmremix.datasets.Part`. Another
            data set with ``keep='held_out'`` has the rest.
        kwargs: Arguments of ``BaseDataset``.

    Attributes:
        keeps: What an index keeps that does not say it; ``None`` for all.

    Raises:
        ValueError: On an unknown ``on_broken`` or repeated modalities.
        ConfigError: If ``indices`` are no whole numbers.
        BrokenMediaError: While loading, under ``on_broken='raise'``, or if
            ``max_refetch`` samples in a row are broken.
        SampleError: While loading, if a transform fails on a sample in
            another way: names clip, line and transform.
    """

    cache: InputCache | None = None
    """Inputs of plain indices in test mode, kept; see :class:`InputCache`."""

    cheap: ClassVar[bool] = False
    """Whether loading a sample costs no more than a cache would."""

    multi_label: bool = False
    """Whether a sample's label is 0 or 1 for each class, float ``(M,)``."""

    def __init__(
        self,
        *args: Any,
        modalities: Sequence[str] = ('video', 'audio'),
        on_broken: str = 'raise',
        pipeline: Sequence[dict[str, Any] | Callable[..., Any]] = (),
        max_refetch: int = 100,
        part: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if on_broken not in ('raise', 'skip'):
            raise ValueError(
                f"on_broken must be 'raise' or 'skip', got {on_broken!r}."
            )
        if not modalities or len(set(modalities)) != len(modalities):
            raise ValueError(
                f'modalities must be distinct names, got {list(modalities)}.'
            )
        check_numbers(kwargs.get('indices'))
        self.modalities = tuple(modalities)
        self.on_broken = on_broken
        self.keeps: tuple[str, ...] | None = None
        self.part = None if part is None else Part.of(part)
        self._identity: DataIdentity | None = None
        self.source_rows: np.ndarray | None = None
        """Numbers of the samples among those that ``filter_cfg`` leaves."""
        super().__init__(*args, pipeline=[], max_refetch=max_refetch, **kwargs)
        # Through our registry, so that bare names resolve without a default
        # scope.
        self.pipeline = Pipeline(
            [
                TRANSFORMS.build(t) if isinstance(t, dict) else t
                for t in pipeline
            ]
        )

    @property
    def _draws(self) -> bool:
        """Whether the pipeline may draw random numbers."""
        if not isinstance(self.pipeline, Pipeline):
            return True
        return any(
            not isinstance(step, PackAVInputs)
            and not (
                isinstance(step, ForModality)
                and not step.transforms.transforms
            )
            for step in self.pipeline.transforms
        )

    def full_init(self) -> None:
        """Read the annotation, then keep the part that is asked for."""
        if self._fully_initialized:
            return
        serialize, self.serialize_data = self.serialize_data, False
        try:
            super().full_init()
            self.take_part()
        except Exception:
            self._fully_initialized = False
            raise
        finally:
            self.serialize_data = serialize
        self._identity = None
        if isinstance(self.data_list, MediaRows):
            # In arrays already, which workers share.
            self.serialize_data = False
        elif serialize:
            self.data_bytes, self.data_address = self._serialize_data()

    def take_part(self) -> None:
        """Keep the samples of ``part``; the last step of ``full_init``.

        A data set with a ``full_init`` of its own calls it there, and says in
        :meth:`keep_rows` how to keep some rows.
        """
        if self.part is None:
            rows = np.arange(len(self))
        else:
            rows = rows_of_part(self, self.part)
            self.keep_rows(rows)
        indices = self._indices
        if isinstance(indices, int):
            # Of the last so many, counted from the end.
            self.source_rows = rows + min(indices, 0)
        else:
            self.source_rows = (
                rows if indices is None else (np.asarray(indices)[rows])
            )

    def keep_rows(self, rows: np.ndarray) -> None:
        """Drop all samples but these.

        Args:
            rows: Numbers of samples, in order.
        """
        self.data_list = self._get_unserialized_subset(rows)
        self._forget()

    def _get_unserialized_subset(
        self, indices: Sequence[int] | int | np.ndarray
    ) -> Sequence[dict[str, Any]]:
        rows = self.data_list
        check_within(str(self.ann_file or self.data_root), len(rows), indices)
        every = np.arange(len(rows))
        if isinstance(indices, int):
            kept = every[:indices] if indices >= 0 else every[indices:]
        else:
            kept = every[np.asarray(indices, dtype=np.int64)]
        if isinstance(rows, MediaRows):
            return rows.take(kept)
        return [rows[row] for row in kept.tolist()]

    def get_subset_(self, indices: Sequence[int] | int) -> None:
        """See mmengine's ``BaseDataset``."""
        super().get_subset_(indices)
        self._forget()

    def get_subset(self, indices: Sequence[int] | int) -> Self:
        """See mmengine's ``BaseDataset``."""
        part: Self = super().get_subset(indices)
        part._forget()
        return part

    def _forget(self) -> None:
        """Drop what is known of the rows that there were."""
        self._identity = None
        self.cache = None

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """A row, with its number as ``sample_idx``."""
        rows = getattr(self, 'data_list', None)
        if self._fully_initialized and isinstance(rows, MediaRows):
            number = idx if idx >= 0 else len(rows) + idx
            return {**rows[idx], 'sample_idx': number}
        info: dict[str, Any] = super().get_data_info(idx)
        return info

    def __getitem__(self, key: int | RemixIndex) -> dict[str, Any]:
        if isinstance(key, RemixIndex):
            index, active, seed, loaded = key
        else:
            index = int(key) if key >= 0 else len(self) + int(key)
            active, seed, loaded = None, None, None
            if self.test_mode:
                seed = sample_seed(0, 0, index)
        active = active or self.keeps or self.modalities
        loaded = loaded or active
        presence = self.presence()
        lacks = presence is not None and not presence[index].all()
        if presence is not None:
            active = those_there(self, index, active, presence)
            loaded = those_there(self, index, loaded, presence)

        def decode() -> dict[str, Any]:
            # Seeding costs more than a row of an array.
            with seeded(seed if self._draws else None):
                return self._load(index, active, loaded)

        plain = not (self.keeps or lacks or isinstance(key, RemixIndex))
        if self.cache is None or not plain:
            return decode()
        return self.cache.load(index, self, decode)

    def make_ready(
        self, info: Mapping[str, Any], loaded: Sequence[str]
    ) -> None:
        """Do what must be done before a sample is read.

        Args:
            info: The sample.
            loaded: The modalities to read.

        Raises:
            BrokenMediaError: If it cannot be read.
        """

    def make_anew(
        self, info: Mapping[str, Any], loaded: Sequence[str]
    ) -> bool:
        """Do it again for a sample that cannot be read.

        Args:
            info: The sample.
            loaded: The modalities to read.

        Returns:
            Whether it may be readable now.
        """
        return False

    def presence(self) -> np.ndarray | None:
        """Which modalities each sample has, bool ``(N, K)``.

        None says that all have all. What a sample lacks, it never keeps,
        whatever is planned; and none may lack everything.
        """
        return None

    def lengths(self) -> np.ndarray | None:
        """Steps of each sample and modality, int64 ``(N, K)``.

        0 where all have one length, or the modality is not there. None says
        that all have one. Nothing is decoded for it where a header tells.
        """
        return None

    def _load(
        self, index: int, active: tuple[str, ...], loaded: tuple[str, ...]
    ) -> dict[str, Any]:
        """Run the pipeline, on a stand-in if the sample may be skipped."""
        return load_sample(self, index, active, loaded)

    def identity(self) -> DataIdentity:
        """Describe samples, labels, classes and modalities.

        Paths count relative to their prefix, so a moved data set stays the
        same. The rows are looked at once.
        """
        known = self._identity
        if known is None or not known.is_of(self):
            self._identity = known = DataIdentity.of(self)
        return known

    def fingerprint(self) -> str:
        """Digest of the :meth:`identity`."""
        return self.identity().fingerprint

    def column(self, name: str) -> np.ndarray:
        """Values of one column for all samples, such as ``'label'``.

        Args:
            name: A key of :meth:`get_data_info`, or a column of the
                annotation that nothing else reads.

        Returns:
            ``(N,)``, numbers or text; several labels ``(N, M)``.

        Raises:
            ConfigError: If not every sample has it, with the columns that
                there are.
        """
        return column_of(self, name)

    def labels(self) -> np.ndarray:
        """Classes ``(N,)``, -1 for none, or 0 and 1 ``(N, M)``."""
        if self.multi_label:
            return self.column('label')
        found = (y for block in self.row_blocks() for y in block.labels)
        return np.array([-1 if label is None else label for label in found])

    def row_blocks(self) -> Iterator[RowBlock]:
        """What all samples are, as :meth:`row` says, so many at a time."""
        for first in range(0, len(self), BLOCK):
            last = min(first + BLOCK, len(self))
            rows = [self.row(index) for index in range(first, last)]
            names = dict.fromkeys(name for row in rows for name in row.media)
            yield RowBlock(
                labels=[row.label for row in rows],
                starts=[row.start for row in rows],
                ends=[row.end for row in rows],
                media={n: [r.media.get(n, '') for r in rows] for n in names},
            )

    def row(self, index: int) -> Row:
        """What a sample is, wherever the data set lies."""
        return clip_row(self.get_data_info(index), self.data_prefix)
