"""How often the diagnosis of joint runs is right about a method."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mmremix.evaluation.diagnosis import (
    HELPS,
    HURTS,
    LEVEL,
    Evidence,
    diagnose,
    of_accuracies,
    over_runs,
)
from mmremix.evaluation.diagnosis.rules import LEAST
from mmremix.study.choose import chosen_runs
from mmremix.study.records import DONE, Record
from mmremix.study.statistics import paired
from mmremix.utils.names import FUSION, HEADS

_OUTCOMES = {'better': HELPS, 'worse': HURTS, 'level': LEVEL}
THRESHOLDS = (0.01, 0.02, LEAST, 0.04, 0.05)
"""Of D, from which the one that is best on other data sets is taken."""


class Hit(NamedTuple):
    """What was said of a setting, and what came of it.

    Attributes:
        setting: Study and setting.
        data: The data set, as far as the records tell: the first word of
            their base config, as digits of ``joint_digits_concat.py`` and of
            ``_digits_raw.py``; else their study.
        evidence: The joint runs together, on held-out samples.
        said: The verdict.
        sure: Whether it was said to be sure.
        came: What the method did on the test samples.
    """

    setting: str
    data: str
    evidence: Evidence
    said: str
    sure: bool
    came: str


def hits(
    records: Sequence[Record],
    method: str = 'every_modality',
    reference: str = 'joint',
) -> list[Hit]:
    """Diagnose every setting, and look what came of it.

    Said from the held-out samples of the joint runs, with intervals over
    their seeds; what came is the difference on the test samples, by its
    paired t interval. Settings with fewer than two seeds of both, or whose
    model has no heads, are left out.

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
        joint = [r for r in joint if HEADS in r['accuracy']['held_out']]
        if len(joint) < 2 or len(other) < 2:
            continue
        outcome = paired(_test(other), _test(joint))
        if outcome is None or outcome.t is None:
            continue
        evidence = _evidence(joint)
        said = diagnose(evidence)
        found.append(
            Hit(
                '/'.join(place),
                _corpus(str(joint[0].get('base') or place[0])),
                evidence,
                said.verdict,
                said.sure,
                _OUTCOMES[outcome.verdict],
            )
        )
    return found


def leave_one_out(found: Sequence[Hit]) -> tuple[int, int]:
    """Hits where nothing was chosen on the data set that is judged.

    Args:
        found: Of :func:`hits`.

    Returns:
        Of the rule, whose threshold is the one that is right most often on
        the other data sets; and of always saying what came most often
        there.
    """
    right = usual = 0
    for data in {hit.data for hit in found}:
        others = [hit for hit in found if hit.data != data]
        least = max(
            THRESHOLDS,
            key=lambda t: (_right(others, t), -abs(t - LEAST)),
        )
        here = [hit for hit in found if hit.data == data]
        right += _right(here, least)
        came = Counter(hit.came for hit in others)
        most = max((LEVEL, HELPS, HURTS), key=lambda name: came[name])
        usual += sum(hit.came == most for hit in here)
    return right, usual


def _corpus(name: str) -> str:
    """Settings of one corpus tell of each other."""
    return re.sub(r'^_|^joint_', '', Path(name).stem).split('_')[0]


def hits_text(found: Sequence[Hit], method: str) -> str:
    """A line a setting, and how many were right."""
    lines = []
    for hit in found:
        difference, low, high = (100 * v for v in hit.evidence.gain[HEADS])
        lines.append(
            f'{hit.setting}: D {difference:+.1f} [{low:+.1f}, {high:+.1f}], '
            f'said that {method} {"" if hit.sure else "perhaps "}{hit.said}; '
            f'it {hit.came}'
        )
    sure = [hit for hit in found if hit.sure]
    opposite = [h for h in found if {h.said, h.came} == {HELPS, HURTS}]
    right, usual = leave_one_out(found)
    lines += [
        f'{_right(found)} of {len(found)} right; of those said surely '
        f'{_right(sure)} of {len(sure)}; the opposite came {len(opposite)} '
        'times',
        f'{right} of {len(found)} right with the threshold of D chosen on '
        f'the other data sets ({len({hit.data for hit in found})} in all); '
        f'{usual} by saying what came most often there',
    ]
    return '\n'.join(lines)


def _right(found: Sequence[Hit], least: float = LEAST) -> int:
    return sum(
        diagnose(hit.evidence, least).verdict == hit.came for hit in found
    )


def _evidence(runs: Sequence[Record]) -> Evidence:
    # Records of earlier studies do not say how many classes there are.
    parts = [
        of_accuracies(
            run['accuracy']['held_out'],
            run['modalities'],
            run['n_held_out'],
            1 / run['n_classes'] if run.get('n_classes') else 0.0,
            run['accuracy'].get('train'),
        )
        for run in runs
    ]
    return over_runs(parts, same_samples=False)


def _test(runs: Sequence[Record]) -> dict[int, float]:
    return {int(r['seed']): r['accuracy']['test'][FUSION] for r in runs}
