"""Predict the rows of a data set that has no clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

from mmremix.apis.clip_pipeline import failed
from mmremix.datasets.array_dataset import ArrayDataset
from mmremix.datasets.multimodal_dataset import MultimodalDataset
from mmremix.datasets.remix_index import RemixIndex, sample_seed
from mmremix.datasets.table_dataset import TableDataset
from mmremix.registry import DATASETS
from mmremix.utils.errors import ConfigError

ALL = 'all'
"""Stands for every sample of the test data set."""

_SHOWN = 8


def has_rows(dataset_cfg: Mapping[str, Any]) -> bool:
    """Whether a data set is one of rows: of arrays or of a table."""
    cls = dataset_cfg.get('type')
    if isinstance(cls, str):
        cls = DATASETS.get(cls)
    return isinstance(cls, type) and issubclass(
        cls, ArrayDataset | TableDataset
    )


def build_rows(
    dataset_cfg: Mapping[str, Any], modalities: Sequence[str]
) -> MultimodalDataset:
    """The data set of a config, as it is tested.

    Args:
        dataset_cfg: The config's ``test_dataloader.dataset``.
        modalities: Those of the model.

    Raises:
        ConfigError: If it lacks a modality of the model.
    """
    # What cannot be read is an answer of its own, and no other row's.
    given = {**dataset_cfg, 'test_mode': True, 'on_broken': 'raise'}
    dataset: MultimodalDataset = DATASETS.build(given)
    lacking = [n for n in modalities if n not in dataset.modalities]
    if lacking:
        raise ConfigError(
            f'test_dataloader.dataset has no {lacking}, which the model '
            f'takes. It has {list(dataset.modalities)}. Write the missing '
            'ones in its modalities.'
        )
    dataset.full_init()
    return dataset


class RowPipeline:
    """Load samples of an :class:`ArrayDataset` or :class:`TableDataset`.

    Rows are counted as their file counts them: an array's from 0, a CSV's by
    line (the header is line 1), samples that are folders from 0 in order.
    Only those that the config tests on can be named (``filter_cfg``).

    Args:
        dataset_cfg: The config's ``test_dataloader.dataset``.
        modalities: Those of the model.
        read: Those that an answer is made of. The others are loaded only of
            a row that has none of these. Defaults to all.

    Raises:
        ConfigError: If the data set lacks a modality.
        AnnotationError: If its file cannot be used.
    """

    def __init__(
        self,
        dataset_cfg: Mapping[str, Any],
        modalities: Sequence[str],
        read: Sequence[str] | None = None,
    ) -> None:
        self.dataset = build_rows(dataset_cfg, modalities)
        self.modalities = tuple(modalities)
        self.read = self.modalities if read is None else tuple(read)
        self.filter_cfg = dataset_cfg.get('filter_cfg')
        self._samples = {
            int(self.dataset.get_data_info(i).get('row', i)): i
            for i in range(len(self.dataset))
        }

    def list_rows(self, inputs: Any) -> list[dict[str, Any]]:
        """Make one dict a row.

        Args:
            inputs: ``'all'``, the number of a row, ``dict(row=...)``, or a
                list of those.

        Returns:
            Dicts with ``row`` and ``clip``, the name of the sample.

        Raises:
            TypeError: On clips and other things.
            ValueError: On a row that the config does not test on.
        """
        if isinstance(inputs, str) and inputs == ALL:
            return [self._named(row) for row in self._samples]
        if isinstance(inputs, Integral) and not isinstance(inputs, bool):
            return [self._named(int(inputs))]
        if isinstance(inputs, Mapping) and set(inputs) == {'row'}:
            return self.list_rows(inputs['row'])
        if isinstance(inputs, Sequence) and not isinstance(inputs, str):
            return [row for item in inputs for row in self.list_rows(item)]
        raise TypeError(
            f'The config tests on rows of {self._source}, got '
            f'{inputs!r}, which is none. Name rows by their numbers, or '
            f"'{ALL}': inferencer([0, 5]), on the command line --rows 0 5. "
            'Rows of another file: '
            'test_dataloader.dataset.ann_file=... in --cfg-options.'
        )

    def __call__(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Load a row of :meth:`list_rows`.

        Returns:
            As :class:`~mmremix.apis.clip_pipeline.ClipPipeline` does.
        """
        index = self._samples[row['row']]
        presence = self.dataset.presence()
        has = self.modalities
        if presence is not None:
            there = zip(self.dataset.modalities, presence[index], strict=True)
            named = dict(there)
            has = tuple(n for n in self.modalities if named[n])
        wanted = tuple(n for n in has if n in self.read) or has
        missing = {n: 'is empty' for n in self.modalities if n not in has}
        key = RemixIndex(index, wanted, sample_seed(0, 0, index))
        try:
            if not wanted:
                raise ConfigError('has no modality that the model takes')
            packed = self.dataset[key]
        except Exception as error:
            # Whatever it is, the rows after it go on.
            packed = failed(row, error)
        notes = []
        if packed['inputs']:
            notes = [f'no {name}: {why}' for name, why in missing.items()]
            if missing and len(wanted) == 1:
                notes.append(f'answered by {wanted[0]} alone')
        packed['data_samples'].set_metainfo(
            {
                **row,
                'missing': missing,
                'notes': notes,
                'active_modalities': wanted if packed['inputs'] else (),
                'loaded_modalities': wanted if packed['inputs'] else (),
            }
        )
        return packed

    @property
    def _source(self) -> str:
        return str(self.dataset.ann_file or self.dataset.data_root)

    def _named(self, row: int) -> dict[str, Any]:
        if row not in self._samples:
            some = ', '.join(map(str, [*self._samples][:_SHOWN]))
            more = ', ...' if len(self._samples) > _SHOWN else ''
            kept = (
                f' (filter_cfg={dict(self.filter_cfg)})'
                if self.filter_cfg
                else ''
            )
            raise ValueError(
                f'row {row} is not among the {len(self._samples)} rows of '
                f'{self._source} that the config tests on{kept}: {some}'
                f'{more}. To take any row, write: --cfg-options '
                'test_dataloader.dataset.filter_cfg=None'
            )
        index = self._samples[row]
        clip = str(self.dataset.get_data_info(index)['clip'])
        return {'clip': clip, 'row': row}
