"""The data samples of a batch, as columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, overload

import torch
from mmaction.structures import ActionDataSample
from torch import Tensor

if TYPE_CHECKING:
    from typing_extensions import Self

_LABEL = 'gt_label'


class SampleBatch(Sequence[ActionDataSample]):
    """Data samples that are made when somebody asks for one.

    A data sample costs a worker and the main process more than small inputs
    do: each has a tensor of its own, which crosses in a file of its own. Here
    one tensor holds all labels, and lists hold the meta information. It is a
    sequence of ``ActionDataSample`` all the same: ``batch[0].gt_label``,
    ``for sample in batch``. Samples are made once, so what is set on them
    stays.

    Args:
        labels: Classes, int64 ``(B,)``, or 0 and 1, float32 ``(B, M)``.
            What a hook sets on a sample later counts.
        meta: Meta information of each sample.
    """

    def __init__(self, labels: Tensor, meta: Sequence[dict[str, Any]]) -> None:
        self._labels = labels
        self._meta = meta
        self._samples: list[ActionDataSample] | None = None

    @classmethod
    def of(cls, samples: Sequence[Any]) -> Self | list[Any]:
        """Collate samples.

        Returns:
            The batch; a list of the samples as they are, where they hold
            more than a label and meta information, or are of another class.
        """
        plain = all(
            type(sample) is ActionDataSample and sample.keys() == [_LABEL]
            for sample in samples
        )
        if plain:
            labels = [sample.gt_label for sample in samples]
            kinds = {(x.dtype, tuple(x.shape)) for x in labels}
            one = next(iter(kinds))
            if kinds == {(torch.int64, (1,))}:
                return cls(torch.cat(labels), _meta_of(samples))
            if len(kinds) == 1 and one[0].is_floating_point:
                return cls(torch.stack(labels), _meta_of(samples))
        return list(samples)

    @property
    def labels(self) -> Tensor:
        """Those of the samples, as they are now."""
        if self._samples is None:
            return self._labels
        labels = [sample.gt_label for sample in self._samples]
        return (torch.stack if self._labels.dim() > 1 else torch.cat)(labels)

    def column(self, key: str, default: Any = None) -> list[Any]:
        """A meta key of all samples, as they are now."""
        if self._samples is None:
            return [meta.get(key, default) for meta in self._meta]
        return [sample.get(key, default) for sample in self._samples]

    def pin_memory(self) -> Self:
        """The same with its labels in pinned memory."""
        return type(self)(self._labels.pin_memory(), self._meta)

    def __len__(self) -> int:
        return len(self._meta)

    @overload
    def __getitem__(self, row: int) -> ActionDataSample: ...

    @overload
    def __getitem__(self, row: slice) -> list[ActionDataSample]: ...

    def __getitem__(
        self, row: int | slice
    ) -> ActionDataSample | list[ActionDataSample]:
        if self._samples is None:
            self._samples = [
                self._sample(label, meta)
                for label, meta in zip(
                    # A class keeps its dimension.
                    self._labels[:, None].unbind()
                    if self._labels.dim() == 1
                    else self._labels.unbind(),
                    self._meta,
                    strict=True,
                )
            ]
        return self._samples[row]

    def __reduce__(self) -> tuple[Any, ...]:
        if self._samples is not None:
            # With what was set on them.
            return list, (self._samples,)
        return type(self), (self._labels, self._meta)

    @staticmethod
    def _sample(label: Tensor, meta: dict[str, Any]) -> ActionDataSample:
        sample = ActionDataSample(metainfo=meta)
        sample.set_field(label, _LABEL, dtype=Tensor)
        return sample


def _meta_of(samples: Iterable[ActionDataSample]) -> list[dict[str, Any]]:
    return [dict(sample.metainfo_items()) for sample in samples]


def meta_column(
    samples: Sequence[Any], key: str, default: Any = None
) -> list[Any]:
    """A meta key of samples, without making them.

    Args:
        samples: A :class:`SampleBatch` or data samples.
        key: Which.
        default: For samples without.
    """
    if isinstance(samples, SampleBatch):
        return samples.column(key, default)
    return [sample.get(key, default) for sample in samples]


def loaded_of(samples: Sequence[Any], default: Any) -> list[Any]:
    """The modalities that each sample loaded.

    Args:
        samples: Data samples.
        default: For those that do not say it.
    """
    active = meta_column(samples, 'active_modalities', default)
    loaded = meta_column(samples, 'loaded_modalities')
    return [
        kept if load is None else load
        for kept, load in zip(active, loaded, strict=True)
    ]
