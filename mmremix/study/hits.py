"""How often the diagnosis of joint runs is right about a method."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from mmremix.evaluation.diagnosis import HELPS, HURTS, LEVEL, diagnose
from mmremix.study.choose import chosen_runs
from mmremix.study.records import DONE, Record
from mmremix.study.statistics import paired
from mmremix.utils.names import FUSION, HEADS

_OUTCOMES = {'better': HELPS, 'worse': HURTS, 'level': LEVEL}


def hits(
    records: Sequence[Record],
    method: str = 'every_modality',
    reference: str = 'joint',
) -> list[tuple[str, str, str]]:
    """Setting, what was said of it and what came of it.

    Said from the held-out samples of the joint runs, with intervals over
    their seeds; what came is the difference on the test samples, by its
    paired t interval.

    Args:
        records: Of one or several studies.
        method: The one that the verdict is about.
        reference: The joint runs.
    """
    found = []
    for place in sorted({(r['study'], r['setting']) for r in records}):
        here = [r for r in records if (r['study'], r['setting']) == place]
        joint, other = (
            [
                run
                for run in chosen_runs([r for r in here if r['method'] == m])
                if run['status'] == DONE
            ]
            for m in (reference, method)
        )
        if len(joint) < 2 or len(other) < 2:
            continue
        outcome = paired(_test(other), _test(joint))
        if outcome is not None:
            said = _said(joint)
            came = _OUTCOMES[outcome.verdict]
            found.append(('/'.join(place), said, came))
    return found


def _said(runs: Sequence[Record]) -> str:
    modalities = tuple(runs[0]['modalities'])
    names = (FUSION, HEADS, *modalities)
    values = {
        name: {r['seed']: r['accuracy']['held_out'][name] for r in runs}
        for name in names
    }
    gain = {}
    for name in names[1:]:
        difference = paired(values[name], values[FUSION])
        assert difference is not None and difference.t is not None
        gain[name] = (difference.mean, *difference.t)
    accuracy = {name: fmean(by.values()) for name, by in values.items()}
    # The spread over seeds of one accuracy says nothing about chance here.
    interval = {name: (value, value) for name, value in accuracy.items()}
    return diagnose(accuracy, gain, interval, modalities, 0.0).verdict


def _test(runs: Sequence[Record]) -> dict[int, float]:
    return {int(r['seed']): r['accuracy']['test'][FUSION] for r in runs}
