"""What Remix has decided, as it is kept in a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from mmremix.datasets import MultimodalDataset
from mmremix.datasets.identity import DataIdentity, check_same_data

_VERSION = 1


@dataclass
class RemixState:
    """Scores and assignments of one epoch.

    Attributes:
        epoch: The epoch (from 0) before which they were made.
        modalities: Names of the columns.
        scores: ``(N, K)`` float32.
        assignments: ``(N,)`` int8.
        fingerprint: Of the data set they belong to.
    """

    epoch: int
    modalities: tuple[str, ...]
    scores: Tensor
    assignments: Tensor
    fingerprint: str

    def state_dict(self) -> dict[str, Any]:
        """Plain tensors, numbers and strings."""
        return {
            'version': _VERSION,
            'epoch': self.epoch,
            'modalities': list(self.modalities),
            'scores': self.scores,
            'assignments': self.assignments,
            'fingerprint': self.fingerprint,
        }

    @classmethod
    def from_state_dict(cls, state: dict[str, Any]) -> RemixState:
        """Rebuild from a checkpoint.

        Raises:
            ValueError: If another version wrote it.
        """
        if state.get('version') != _VERSION:
            raise ValueError(
                f"The checkpoint's remix state has version "
                f'{state.get("version")}, this release reads {_VERSION}.'
            )
        return cls(
            epoch=int(state['epoch']),
            modalities=tuple(state['modalities']),
            scores=state['scores'].cpu(),
            assignments=state['assignments'].cpu(),
            fingerprint=state['fingerprint'],
        )

    def check(self, dataset: MultimodalDataset) -> None:
        """Refuse a data set that the state does not belong to.

        Raises:
            ValueError: Naming the differences.
        """
        stored = DataIdentity(
            self.modalities, len(self.assignments), self.fingerprint
        )
        check_same_data(stored, dataset)
