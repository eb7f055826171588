"""A diagnosis in words."""

from __future__ import annotations

from collections.abc import Iterator

from mmremix.evaluation.diagnosis.evidence import Evidence
from mmremix.evaluation.diagnosis.rules import (
    HELPS,
    HURTS,
    LEVEL,
    Diagnosis,
)
from mmremix.utils.names import FUSION, HEADS

_ALL = "_base_ = [..., '_base_/methods/every_modality.py']"


def sentence(diagnosis: Diagnosis, evidence: Evidence) -> str:
    """What balancing may do, why, what to try first, and how sure that is.

    Args:
        diagnosis: Of the evidence.
        evidence: What it was made from.
    """
    parts = [
        _lead(diagnosis, evidence),
        *_modalities(diagnosis, evidence),
        f'First: {_first(diagnosis, evidence)}',
        *_trust(evidence),
    ]
    return ' '.join(parts)


def table(evidence: Evidence) -> str:
    """Accuracies in %, a line a prediction."""
    title = 'test' if evidence.held_out is False else 'held-out'
    if evidence.held_out is None:
        title = 'val'
    header = f'{"":16}{title:>8}  {"95 % interval":15}'
    lines = [header + ('   train     gap' if evidence.train else '')]
    for name in evidence.names:
        low, high = (f'{100 * v:.1f}' for v in evidence.interval[name])
        shown = 'sum of heads' if name == HEADS else name
        line = (
            f'{shown:16}{100 * evidence.accuracy[name]:8.1f}  '
            f'{f"[{low}, {high}]":15}'
        )
        gap = evidence.gap(name)
        if gap is not None:
            line += f'{100 * evidence.train[name]:8.1f}{100 * gap:+8.1f}'
        lines.append(line.rstrip())
    if evidence.angle:
        angles = ', '.join(f'{n} {a:.0f}°' for n, a in evidence.angle.items())
        lines.append(f'own against fused gradient: {angles}')
    return '\n'.join(lines)


def _lead(diagnosis: Diagnosis, evidence: Evidence) -> str:
    difference, low, high = evidence.gain[HEADS]
    figures = (
        f'the sum of the heads is {100 * difference:+.1f} points from the '
        f'fused prediction, [{100 * low:+.1f}, {100 * high:+.1f}].'
    )
    if diagnosis.lone is not None and diagnosis.verdict == HURTS:
        ahead, low, high = evidence.gain[diagnosis.lone]
        figures = (
            f'{diagnosis.lone} alone is {100 * ahead:+.1f} points from the '
            f'fused prediction, [{100 * low:+.1f}, {100 * high:+.1f}], so '
            'another modality seems to do harm.'
        )
    if diagnosis.sure:
        return f'Balancing probably {diagnosis.verdict}: {figures}'
    if diagnosis.under_trained:
        return (
            'What balancing will do cannot be told yet, as the model is '
            'under-trained: it has '
            f'{100 * evidence.train[FUSION]:.0f} % of its training samples '
            f'right. If anything, it {diagnosis.verdict}: {figures}'
        )
    return (
        f'Balancing perhaps {diagnosis.verdict}, but these samples do not '
        f'tell surely: {figures}'
    )


def _modalities(diagnosis: Diagnosis, evidence: Evidence) -> Iterator[str]:
    for name in diagnosis.memorising:
        yield (
            f'{name} memorises: {100 * evidence.train[name]:.0f} % of the '
            f'training samples right, {100 * evidence.accuracy[name]:.0f} % '
            f'of the others (guessing: {100 * evidence.chance:.0f} %).'
        )
    if diagnosis.at_chance:
        yield (
            f'{", ".join(diagnosis.at_chance)}: not surely better than '
            'guessing.'
        )
    for name in diagnosis.under_used:
        yield (
            f'{name} is under-used: its head has '
            f'{100 * evidence.train[name]:.0f} % of the training samples '
            f'right, the fused prediction '
            f'{100 * evidence.train[FUSION]:.0f} %.'
        )
    lone = diagnosis.lone
    if lone is not None and diagnosis.verdict != HURTS:
        yield f'{lone} alone is as good as all together.'
    if diagnosis.in_conflict:
        yield (
            f"{', '.join(diagnosis.in_conflict)}: the encoder's own loss "
            'pulls against the fused one, which '
            '_base_/methods/mmpareto.py reconciles.'
        )


def _first(diagnosis: Diagnosis, evidence: Evidence) -> str:
    """What to try, as config lines."""
    if diagnosis.under_trained:
        more = 2 * evidence.epochs if evidence.epochs else '...'
        return f'train longer, train_cfg = dict(max_epochs={more}).'
    poor = (*diagnosis.memorising, *diagnosis.at_chance)
    rest = [n for n in evidence.modalities if n not in poor]
    if diagnosis.memorising and rest:
        return (
            f'leave {", ".join(diagnosis.memorising)} out of the answer, '
            f'model = dict(readout={rest}), or augment it; evening out '
            'trains it even more.'
        )
    if diagnosis.lone is not None:
        return (
            f'compare with {diagnosis.lone} alone, tools/unimodal.py, and '
            f"read it out, model = dict(readout=['{diagnosis.lone}'])."
        )
    if diagnosis.verdict == HELPS:
        return (
            "read out the sum of the heads, model = dict(readout='heads'); "
            'then train every sample with each modality alone, '
            f'{_ALL}, or from encoders trained apart, '
            'tools/unimodal.py --then-joint.'
        )
    if diagnosis.verdict == LEVEL:
        return (
            'keep joint training, and let held-out samples choose the '
            "read-out, custom_hooks = [dict(type='ReadoutHook', "
            "choose='subset')]."
        )
    return (
        'keep joint training: the fusion is ahead of its heads, and methods '
        'that train modalities apart have more to lose than to gain.'
    )


def _trust(evidence: Evidence) -> Iterator[str]:
    over = f'{evidence.samples} samples'
    if evidence.groups is not None:
        over += f' of {evidence.groups} {evidence.by or "groups"}'
    runs = 'one run' if evidence.runs == 1 else f'{evidence.runs} runs'
    said = f'Seen in {runs} on {over}'
    if evidence.runs == 1:
        said += '; another seed may say otherwise (tools/diagnose.py --seeds)'
    yield f'{said}.'
    if evidence.held_out is False:
        yield (
            'These are the test samples: what is chosen by them must be '
            "confirmed on others. Hold some out: held_out = dict(by='subject'"
            ', folds=5, fold=0), or share=0.2.'
        )
    elif evidence.held_out is None:
        yield (
            'Whether these samples are others than those of the test is not '
            'known.'
        )
