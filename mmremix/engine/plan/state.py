"""What was decided for an epoch, as it is kept in a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from mmremix.datasets import MultimodalDataset
from mmremix.datasets.identity import DataIdentity, check_same_data

_VERSION = 2


@dataclass
class PlanState:
    """A decision, and what it belongs to.

    Attributes:
        hook: Class name of the hook that decided.
        epoch: The epoch (from 0) before which it did.
        modalities: Their names, in order.
        tensors: The decision; scores and assignments for Remix.
        num_samples: N of the data set they belong to.
        fingerprint: Of that data set.
    """

    hook: str
    epoch: int
    modalities: tuple[str, ...]
    tensors: dict[str, Tensor]
    num_samples: int
    fingerprint: str

    def state_dict(self) -> dict[str, Any]:
        """Plain tensors, numbers and strings."""
        return {
            'version': _VERSION,
            'hook': self.hook,
            'epoch': self.epoch,
            'modalities': list(self.modalities),
            'tensors': dict(self.tensors),
            'num_samples': self.num_samples,
            'fingerprint': self.fingerprint,
        }

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Any]) -> PlanState:
        """Rebuild from a checkpoint.

        Raises:
            ValueError: If another version wrote it.
        """
        if state.get('version') != _VERSION:
            raise ValueError(
                f"The checkpoint's plan has version "
                f'{state.get("version")}, this release reads {_VERSION}.'
            )
        return cls(
            hook=state['hook'],
            epoch=int(state['epoch']),
            modalities=tuple(state['modalities']),
            tensors={k: v.cpu() for k, v in state['tensors'].items()},
            num_samples=int(state['num_samples']),
            fingerprint=state['fingerprint'],
        )

    def check(self, hook: str, dataset: MultimodalDataset) -> None:
        """Refuse a method or a data set that the state does not belong to.

        Raises:
            ValueError: Naming the differences.
        """
        if hook != self.hook:
            raise ValueError(
                f'Cannot resume: the plans of the checkpoint are those of '
                f'{self.hook}, the config has {hook}. Resume with the method '
                'of that run, or start a new run from its weights: '
                'load_from=..., resume=False'
            )
        stored = DataIdentity(
            self.modalities, self.num_samples, self.fingerprint
        )
        check_same_data(stored, dataset)
