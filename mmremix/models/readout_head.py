"""What a recognizer is read out by."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmremix.utils.errors import ConfigError
from mmremix.utils.names import FUSION, HEADS

_PREFIX = 'weight_'
_LINES = (
    "Write one of: model=dict(readout='fusion'), model=dict(readout='heads')"
    ", model=dict(readout=['{first}']), model=dict(readout=dict(weights="
    'dict({first}=1.0)))'
)


class ReadoutHead(nn.Module):
    """``p = softmax(sum_j w_j log p_j)`` over the predictions of a model.

    Without weights nothing has been chosen: the fused head answers, and
    there is no prediction ``readout``. The weights are scalar buffers
    ``weight_<prediction>``, which are in a checkpoint once there are any.

    Args:
        modalities: Of the model.
        given: What the config says, which no checkpoint changes; ``None``
            leaves it to the checkpoint. See :class:`AVRecognizer`.

    Raises:
        ConfigError: If there is no such prediction, or no positive weight.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        given: str | Sequence[str] | Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.modalities = tuple(modalities)
        self.fixed = given is not None
        self._weights: dict[str, float] = {}
        if given is not None:
            self.set(parse_readout(given, self.modalities))

    @property
    def weights(self) -> dict[str, float]:
        """The positive weights by prediction; empty if none was chosen."""
        return dict(self._weights)

    def set(self, weights: Mapping[str, float]) -> None:
        """Choose; without weights, nothing is chosen any more."""
        for name in self._weights:
            delattr(self, f'{_PREFIX}{name}')
        self._weights = {n: float(w) for n, w in weights.items() if w}
        for name, weight in self._weights.items():
            # Floats of 64 bits, so that they are read as they were written.
            value = torch.tensor(weight, dtype=torch.float64)
            self.register_buffer(f'{_PREFIX}{name}', value)

    def needs(self) -> tuple[str, ...]:
        """The modalities that an answer is made of."""
        if not self._weights or FUSION in self._weights:
            return self.modalities
        return tuple(n for n in self.modalities if n in self._weights)

    def forward(self, scores: Mapping[str, Tensor]) -> Tensor:
        """Class probabilities ``(B, M)``.

        Args:
            scores: ``(B, M)`` of each prediction that there is, before the
                softmax. Where none has a weight, the fused one answers.
        """
        there = {n: w for n, w in self._weights.items() if n in scores}
        parts = [
            weight * scores[name].float().log_softmax(dim=1)
            for name, weight in (there or {FUSION: 1.0}).items()
        ]
        return torch.stack(parts).sum(0).softmax(dim=1)

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        *args: Any,
    ) -> None:
        """Take the weights that are there, which may be none."""
        if self.fixed:
            return
        start = f'{prefix}{_PREFIX}'
        found = {
            key.removeprefix(start): float(value)
            for key, value in state_dict.items()
            if key.startswith(start)
        }
        check_weights(found, self.modalities)
        self.set(found)


def parse_readout(
    given: str | Sequence[str] | Mapping[str, Any], modalities: Sequence[str]
) -> dict[str, float]:
    """Weights of what a config calls a read-out.

    Raises:
        ConfigError: If it is none.
    """
    weights: Any = None
    if given == FUSION:
        weights = {FUSION: 1.0}
    elif given == HEADS:
        weights = dict.fromkeys(modalities, 1.0)
    elif isinstance(given, Mapping):
        weights = given['weights'] if set(given) == {'weights'} else None
    elif isinstance(given, (list, tuple)):
        weights = dict.fromkeys(given, 1.0)
    if not isinstance(weights, Mapping):
        raise ConfigError(
            f'AVRecognizer: readout={given!r} is none. '
            f'{_LINES.format(first=modalities[0])}'
        )
    check_weights(weights, modalities)
    if not any(weights.values()):
        raise ConfigError(
            f'AVRecognizer: readout={given!r} listens to nothing. '
            f'{_LINES.format(first=modalities[0])}'
        )
    return {str(n): float(w) for n, w in weights.items()}


def check_weights(
    weights: Mapping[str, Any], modalities: Sequence[str]
) -> None:
    """Refuse weights of other predictions, and negative ones.

    Raises:
        ConfigError: Naming them.
    """
    known = (FUSION, *modalities)
    bad = {
        name: value
        for name, value in weights.items()
        if name not in known
        or isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not (math.isfinite(value) and value >= 0)
    }
    if bad:
        raise ConfigError(
            f'The read-out has {bad}: there are the predictions {known}, '
            'with weights of at least 0. '
            f'{_LINES.format(first=modalities[0])}'
        )
