"""What a checkpoint remembers of its training set."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from mmremix.datasets import MultimodalDataset

_VERSION = 1


@dataclass(frozen=True)
class DataFacts:
    """Digests of a data set, apart from each other to tell what differs.

    Attributes:
        modalities: Their names, in order.
        classes: Their names, in order.
        num_samples: N.
        clips: Of paths (relative to their prefix) and segments, in order.
        clip_set: The same in any order.
        labels: Of the labels, in order.
    """

    modalities: tuple[str, ...]
    classes: tuple[str, ...]
    num_samples: int
    clips: str
    clip_set: str
    labels: str

    @classmethod
    def of(cls, dataset: MultimodalDataset) -> DataFacts:
        """Look at every row of a data set once."""
        clips, labels = [], []
        for index in range(len(dataset)):
            clip, label, start, end = dataset.row(index)
            clips.append(repr((clip, start, end)))
            labels.append(repr(label))
        return cls(
            modalities=tuple(dataset.modalities),
            classes=tuple(map(str, dataset.metainfo.get('classes', ()))),
            num_samples=len(dataset),
            clips=_digest(clips),
            clip_set=_digest(sorted(clips)),
            labels=_digest(labels),
        )

    @classmethod
    def from_state_dict(cls, state: dict[str, Any]) -> DataFacts:
        """Rebuild from a checkpoint.

        Raises:
            ValueError: If another version wrote it.
        """
        state = dict(state)
        version = state.pop('version', None)
        if version != _VERSION:
            raise ValueError(
                f'The checkpoint describes its training set in version '
                f'{version}, this release reads {_VERSION}.'
            )
        for key in ('modalities', 'classes'):
            state[key] = tuple(state[key])
        return cls(**state)

    def state_dict(self) -> dict[str, Any]:
        """Plain numbers, strings and lists."""
        plain = {
            k: list(v) if isinstance(v, tuple) else v
            for k, v in asdict(self).items()
        }
        return {'version': _VERSION, **plain}

    def differences(self, other: DataFacts) -> list[str]:
        """What another data set has that this one has not; in words."""
        found = [
            f'{what}: {list(mine)} in the checkpoint, {list(theirs)} now'
            for what, mine, theirs in (
                ('modalities', self.modalities, other.modalities),
                ('classes', self.classes, other.classes),
            )
            if mine != theirs
        ]
        if self.num_samples != other.num_samples:
            found.append(
                f'samples: {self.num_samples} in the checkpoint, '
                f'{other.num_samples} now'
            )
        elif self.clip_set != other.clip_set:
            found.append('rows: other clips or segments')
        elif self.clips != other.clips:
            found.append('rows: the same, but in another order')
        elif self.labels != other.labels:
            found.append('labels: the same rows have other labels')
        return found


def check_same_data(stored: dict[str, Any], dataset: Any) -> None:
    """Refuse to resume on other data.

    Args:
        stored: ``state_dict`` of the facts in the checkpoint.
        dataset: The training set.

    Raises:
        ValueError: Naming the differences.
    """
    if not isinstance(dataset, MultimodalDataset):
        return
    found = DataFacts.from_state_dict(stored).differences(
        DataFacts.of(dataset)
    )
    if found:
        listed = '\n  '.join(found)
        raise ValueError(
            'Cannot resume, the training set is not that of the checkpoint:\n'
            f'  {listed}\n'
            'Resume with the data of that run, or start a new run from its '
            'weights: load_from=..., resume=False'
        )


def _digest(rows: Iterable[str]) -> str:
    return hashlib.sha256('\n'.join(rows).encode()).hexdigest()[:16]
