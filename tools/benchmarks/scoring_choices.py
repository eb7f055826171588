"""Options of the scoring pass that the benchmarks compare."""

from __future__ import annotations

from typing import Any

SCORING: dict[str, dict[str, Any]] = {
    'fp32': {},
    'fp32 heads_only': {'heads_only': True},
    'fp32 channels_last': {'channels_last': True},
    'fp32 fold_bn': {'fold_bn': True},
    'bf16': {'amp': 'bfloat16'},
    'bf16 channels_last': {'amp': 'bfloat16', 'channels_last': True},
    'bf16 channels_last fold_bn': {
        'amp': 'bfloat16',
        'channels_last': True,
        'fold_bn': True,
    },
}
RECOMMENDED = 'bf16 channels_last'
