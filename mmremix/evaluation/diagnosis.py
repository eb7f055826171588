"""From the accuracies of a joint model to what balancing may do for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mmremix.utils.names import FUSION, HEADS

HELPS, LEVEL, HURTS = 'helps', 'makes no difference', 'hurts'
_LEAST = 0.03
_FIRST = {
    HELPS: (
        'the encoders know more than the fusion makes of it. First read out '
        "the sum of the heads: model=dict(readout='heads'); then train every "
        'sample with each modality alone: _base_/methods/every_modality.py, '
        'or from encoders trained apart: tools/unimodal.py --then-joint.'
    ),
    LEVEL: (
        'keep joint training, and let held-out samples choose the read-out: '
        "custom_hooks = [dict(type='ReadoutHook', choose='subset')]."
    ),
    HURTS: (
        'the fusion is ahead of its heads: methods that train modalities '
        'apart have more to lose than to gain. Keep joint training.'
    ),
}


@dataclass(frozen=True)
class Diagnosis:
    """What is to be expected of balancing.

    Attributes:
        verdict: ``'helps'``, ``'makes no difference'`` or ``'hurts'``.
        sure: Whether the interval behind the verdict leaves out zero.
        lone: The modality that is ahead of the fused prediction, if there
            is one.
        at_chance: Modalities whose interval reaches down to chance.
        text: The answer in sentences.
    """

    verdict: str
    sure: bool
    lone: str | None
    at_chance: tuple[str, ...]
    text: str


def diagnose(
    accuracy: Mapping[str, float],
    gain: Mapping[str, tuple[float, float, float]],
    interval: Mapping[str, tuple[float, float]],
    modalities: tuple[str, ...],
    chance: float,
) -> Diagnosis:
    """Judge a joint model with heads by samples that it was not trained on.

    D is the sum of the heads minus the fused prediction. At 3 points or
    more, with an interval above zero, every sample to all modalities is
    likely to help; below zero with its whole interval, it is likely to hurt.
    A single head that is ahead of the fused prediction means that another
    modality does harm: evening out makes that worse.

    Args:
        accuracy: Of ``fusion``, ``heads`` and each modality, as fractions.
        gain: Of each over ``fusion``: difference, low and high.
        interval: Of each, low and high.
        modalities: Their names.
        chance: Accuracy of guessing.
    """
    lone = max(modalities, key=lambda name: accuracy[name])
    is_ahead = len(modalities) > 1 and gain[lone][1] > 0
    poor = tuple(n for n in modalities if interval[n][0] <= chance)
    difference, low, high = gain[HEADS]
    if is_ahead:
        verdict, sure = HURTS, True
        first = (
            f'{lone} alone is ahead of the fused prediction, so another '
            'modality does harm. Compare with that one alone '
            '(tools/unimodal.py), and choose a read-out on held-out samples '
            '(tools/crossfit.py) before balancing anything.'
        )
    else:
        if low > 0 and difference >= _LEAST:
            verdict, sure = HELPS, True
        elif high < 0:
            verdict, sure = HURTS, True
        else:
            verdict, sure = LEVEL, low > -_LEAST and high < _LEAST
        first = _FIRST[verdict]
    text = (
        f'Balancing probably {verdict}'
        f'{"" if sure else ", but these samples do not tell surely"}: the sum '
        f'of the heads is {100 * difference:+.1f} points from the fused '
        f'prediction, [{100 * low:+.1f}, {100 * high:+.1f}]; {first}'
    )
    if poor:
        text += (
            f' {", ".join(poor)}: no better than chance on samples that were '
            'held out. If the training accuracy is high, it memorises: '
            'augment it, or leave it out.'
        )
    return Diagnosis(verdict, sure, lone if is_ahead else None, poor, text)


def table(
    accuracy: Mapping[str, float],
    interval: Mapping[str, tuple[float, float]],
    modalities: tuple[str, ...],
) -> str:
    """Accuracies in %, a line a prediction."""
    lines = [f'{"":20} held-out   95 % interval']
    for name in (FUSION, HEADS, *modalities):
        low, high = interval[name]
        shown = 'sum of heads' if name == HEADS else name
        lines.append(
            f'{shown:20} {100 * accuracy[name]:8.1f}   '
            f'[{100 * low:.1f}, {100 * high:.1f}]'
        )
    return '\n'.join(lines)
