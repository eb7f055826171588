"""From the accuracies of a joint model to what balancing may do for it."""

from __future__ import annotations

from dataclasses import dataclass

from mmremix.evaluation.diagnosis.evidence import Evidence
from mmremix.utils.names import FUSION, HEADS

HELPS, LEVEL, HURTS = 'helps', 'makes no difference', 'hurts'

LEAST = 0.03
"""D from which balancing is expected to help."""

# None of these was fitted to results. Chance is taken off where it says so.
_LEARNED = 0.3  # training accuracy over chance from which it has learned
_KEPT = 0.25  # part of it that is left on other samples, if it memorises
_TRAINED = 0.9  # training accuracy of the fused head when it is trained
_NO_GAP = 0.05  # gap to training below which more training is likely to pay
_BEHIND = 0.1  # a head's training accuracy below that of the fused one
_CONFLICT = 90.0  # degrees


@dataclass(frozen=True)
class Diagnosis:
    """What is to be expected of balancing.

    Attributes:
        verdict: ``'helps'``, ``'makes no difference'`` or ``'hurts'``.
        sure: Whether the intervals bear it out, and the model is trained.
        lone: The modality whose own head is at or above the fused
            prediction and the sum of heads, if there is one.
        memorising: Modalities that know their training samples, of which
            little is left on others.
        at_chance: Other modalities whose interval reaches down to chance.
        under_used: Modalities that generalise, and whose heads lack much of
            the training samples that the fused prediction knows, while
            another's knows them.
        under_trained: Whether the whole model has.
        in_conflict: Modalities whose own loss pulls against the fused one.
    """

    verdict: str
    sure: bool
    lone: str | None = None
    memorising: tuple[str, ...] = ()
    at_chance: tuple[str, ...] = ()
    under_used: tuple[str, ...] = ()
    under_trained: bool = False
    in_conflict: tuple[str, ...] = ()


def diagnose(evidence: Evidence, least: float = LEAST) -> Diagnosis:
    """Judge a joint model with heads.

    D is the sum of the heads minus the fused prediction.

    - A single head that is above the fused prediction with its whole
      interval, and not below the sum of heads: another modality seems to do
      harm, which evening out would give more weight. Balancing hurts.
    - D of ``least`` or more: helps, surely if the interval is above zero.
    - D below zero with its whole interval, or by ``least`` or more: hurts.
    - Anything else: makes no difference, surely if the whole interval is
      nearer to zero than ``least``.

    Of an under-trained model nothing is sure: its D need not stay.

    Args:
        evidence: Of one run, or of several together.
        least: D from which it is expected to help, as a fraction.
    """
    lone = _lone(evidence)
    difference, low, high = evidence.gain[HEADS]
    if lone is not None and evidence.gain[lone][1] > 0:
        verdict, sure = HURTS, True
    elif difference >= least:
        verdict, sure = HELPS, low > 0
    elif high < 0 or difference <= -least:
        verdict, sure = HURTS, high < 0
    else:
        verdict, sure = LEVEL, low > -least and high < least
    names = evidence.modalities
    memorising = tuple(n for n in names if _memorises(evidence, n))
    at_chance = tuple(
        name
        for name in names
        if name not in memorising
        and evidence.interval[name][0] <= evidence.chance
    )
    under_trained = _under_trained(evidence)
    behind = tuple(n for n in names if _is_behind(evidence, n))
    # A head knows less than all together; but some of them nearly as much.
    some = len(behind) < len(names) and not under_trained
    return Diagnosis(
        verdict=verdict,
        sure=sure and not under_trained,
        lone=lone,
        memorising=memorising,
        at_chance=at_chance,
        under_used=tuple(
            n for n in behind if some and n not in (*memorising, *at_chance)
        ),
        under_trained=under_trained,
        in_conflict=tuple(
            n for n, angle in evidence.angle.items() if angle > _CONFLICT
        ),
    )


def _lone(evidence: Evidence) -> str | None:
    best = max(evidence.modalities, key=lambda n: evidence.accuracy[n])
    accuracy = evidence.accuracy[best]
    # Where all are right, nobody does harm.
    others = max(evidence.accuracy[FUSION], evidence.accuracy[HEADS])
    return best if accuracy >= others and others < 1 else None


def _memorises(evidence: Evidence, name: str) -> bool:
    if name not in evidence.train:
        return False
    learned = evidence.train[name] - evidence.chance
    kept = evidence.accuracy[name] - evidence.chance
    return learned >= _LEARNED and kept < _KEPT * learned


def _is_behind(evidence: Evidence, name: str) -> bool:
    train = evidence.train
    if name not in train or FUSION not in train:
        return False
    return train[name] <= train[FUSION] - _BEHIND


def _under_trained(evidence: Evidence) -> bool:
    gap = evidence.gap(FUSION)
    if gap is None:
        return False
    return evidence.train[FUSION] < _TRAINED and gap < _NO_GAP
