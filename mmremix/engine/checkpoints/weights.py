"""Whether weights are those of a model: names and shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmremix.utils.errors import ConfigError

_LISTED = 5
_METHODS = 'methods.'
"""Buffers of balancing methods, which act in training only."""
_READOUT = 'readout.'
"""Weights of a read-out, which may be chosen or not."""


def without_methods(state: Mapping[str, Any]) -> dict[str, Any]:
    """Weights that a prediction needs, under the names of the bare model."""
    plain = {key.removeprefix('module.'): x for key, x in state.items()}
    return {k: x for k, x in plain.items() if not k.startswith(_METHODS)}


def check_weights(
    wanted: Mapping[str, Any], found: Mapping[str, Any], checkpoint: str
) -> None:
    """Refuse what mmengine would only log: weights left at random.

    Args:
        wanted: The model's ``state_dict``.
        found: The checkpoint's.
        checkpoint: Its name.

    Raises:
        ConfigError: If a weight is missing, unknown or of another shape.
    """
    wanted, found = _needed(wanted), _needed(found)
    problems = [f'{key} is missing' for key in wanted if key not in found]
    problems += [f'{key} is unknown' for key in found if key not in wanted]
    problems += [
        f'{key} is {tuple(found[key].shape)}, not {tuple(value.shape)}'
        for key, value in wanted.items()
        if key in found and found[key].shape != value.shape
    ]
    if problems:
        more = len(problems) - _LISTED
        raise ConfigError(
            f'{checkpoint} does not fit the model of the config:\n  '
            + '\n  '.join(problems[:_LISTED])
            + (f'\n  ... and {more} more' if more > 0 else '')
            + '\nTake the config that it was trained with; a copy lies in '
            'the work directory.'
        )


def check_any_fits(
    wanted: Mapping[str, Any], found: Mapping[str, Any], checkpoint: str
) -> None:
    """Refuse to start from weights of which the model takes none.

    Raises:
        ConfigError: If no name and shape is the model's.
    """
    wanted, found = _needed(wanted), _needed(found)
    if not any(
        key in wanted and wanted[key].shape == getattr(x, 'shape', None)
        for key, x in found.items()
    ):
        raise ConfigError(
            f'load_from={checkpoint!r}: none of its {len(found)} weights is '
            f'one of the model ({_first(found)}; the model has '
            f'{_first(wanted)}). Training would start at random. Name a '
            'checkpoint of this model, or of its encoders, or write:\n'
            '    load_from = None'
        )


def _needed(state: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in without_methods(state).items()
        if not key.startswith(_READOUT)
    }


def _first(state: Mapping[str, Any]) -> str:
    return f'{next(iter(state))}, ...' if state else 'nothing'
