"""How long the ranks of a run wait for each other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from mmremix.utils.errors import ConfigError


def group_timeout(dist_cfg: Mapping[str, Any] | None) -> timedelta | None:
    """The ``timeout`` of ``env_cfg=dict(dist_cfg=dict(timeout=1800))``.

    Args:
        dist_cfg: With ``timeout`` in seconds, or without.

    Returns:
        ``None`` for torch's own.

    Raises:
        ConfigError: If it is no positive number.
    """
    seconds = (dist_cfg or {}).get('timeout')
    if seconds is None:
        return None
    if not isinstance(seconds, int | float) or not seconds > 0:
        raise ConfigError(
            'The time that ranks wait for each other must be a positive '
            f'number of seconds, got {seconds!r}. Write: '
            'env_cfg = dict(dist_cfg=dict(timeout=1800))'
        )
    return timedelta(seconds=seconds)
