"""Checks of arguments and keys that several transforms share."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from mmremix.datasets.media import BrokenMediaError


def check_choice(name: str, value: str, choices: Collection[str]) -> str:
    """Return ``value``, or raise ``ValueError`` if it is no choice."""
    if value not in choices:
        raise ValueError(f'{name}={value!r}: choose from {sorted(choices)}.')
    return value


def check_positive(name: str, value: float | None, none: bool = True) -> None:
    """Raise ``ValueError`` unless the value is positive (or allowed None)."""
    if value is None and none:
        return
    if value is None or not value > 0:
        raise ValueError(f'{name}={value}: must be positive.')


def audio_path(results: Mapping[str, Any]) -> str:
    """The file with the sound: ``audio``, or else the clip itself."""
    return str(results.get('audio') or results['clip'])


def check_length(results: Mapping[str, Any], samples: int, who: str) -> None:
    """Raise :class:`BrokenMediaError` if the waveform is too short."""
    length = len(results['waveform'])
    if length < samples:
        path = results.get('audio') or results.get('clip') or 'waveform'
        raise BrokenMediaError.of(
            path,
            f'{length} samples at {results["sample_rate"]} Hz, {who} needs at '
            f'least {samples}',
            'Lengthen the segment, or pad short ones to one length:\n'
            "    dict(type='DecodeAudio', duration=..., padding='zero')",
        )
