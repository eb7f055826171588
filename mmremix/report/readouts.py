"""Why a read-out was chosen, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmremix.visualization.predictions import format_table


def readout_table(evidence: Mapping[str, Any]) -> str:
    """One row a candidate, with intervals; the chosen one is marked.

    Args:
        evidence: In plain values, as a checkpoint holds it under
            ``readout``.
    """
    rows = []
    for name, accuracy in evidence['accuracy'].items():
        low, high = evidence['interval'][name]
        gain, least, most = evidence['gain'][name]
        rows.append(
            [
                f'{name} (chosen)' if name == evidence['name'] else name,
                f'{accuracy:.4f}',
                f'[{low:.4f}, {high:.4f}]',
                f'{gain:+.4f}',
                f'[{least:+.4f}, {most:+.4f}]',
            ]
        )
    over = f'{evidence["samples"]} held-out samples'
    if evidence.get('groups') is not None:
        over += f', averaged over {evidence["groups"]} of {evidence["by"]!r}'
    share = f'{evidence["confidence"]:.0%}'
    note = ''
    if evidence.get('fitted_to_these'):
        note = '\nThe pool was fitted to these samples: it looks too good.'
    table = format_table(
        ['read-out', 'accuracy', share, 'over fused', share], rows
    )
    return f'{table}\n{over}{note}'
