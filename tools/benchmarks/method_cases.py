"""How each balancing method is measured by method_cost.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
METHODS = ROOT / 'configs/_base_/methods'


class Case(NamedTuple):
    """How a method is measured.

    Attributes:
        options: Config options with which it soon does what it always does.
        joint: Config options of the joint run that it is compared with (and
            of its own).
        weights: Of each epoch of a turn in the mean. A turn begins at an
            epoch whose number is a multiple of their count.
        teachers: Option that takes a checkpoint for each modality; gets
            untrained weights, which cost the same.
        note: Printed below the table.
    """

    options: Mapping[str, Any] = {}
    joint: Mapping[str, Any] = {}
    weights: Sequence[float] = (1.0,)
    teachers: str | None = None
    note: str = ''


_RESAMPLE = Case({'method_resample.plan.warmup_epochs': 1})
# Methods without an entry do the same in every epoch, from the first one.
CASES: dict[str, Case] = {
    'remix': Case({'method_remix.plan.warmup_epochs': 1}),
    'mla_remix': Case({'method_mla_remix.plan.warmup_epochs': 1}),
    'resample': _RESAMPLE,
    'resample_modality': _RESAMPLE,
    'resample_remix': _RESAMPLE,
    'reconboost': Case(
        {
            'method_reconboost.plan.stage_epochs': 1,
            'method_reconboost.plan.rectify_epochs': 1,
        },
        weights=(0.25,) * 4,
        note='mean of a stage of each of two modalities and the epochs with '
        'all after it, which come in equal numbers',
    ),
    'dnr': Case(
        {'method_dnr.hook.interval': 2, 'method_dnr.hook.times': 10**6},
        weights=(0.05, 0.95),
        note='a diagnosis is due before one of 20 epochs (and at most three '
        'times in a run)',
    ),
    'umt': Case(
        teachers='method_umt.step.teachers',
        note='without the training of the teachers',
    ),
    'g_blend': Case(note='without measuring the weights, once before the run'),
    'greedy': Case(
        joint={'model.fusion': {'_delete_': True, 'type': 'MMTM'}},
        note='compared with joint training with MMTM',
    ),
}


def method_names() -> list[str]:
    names = sorted(path.stem for path in METHODS.glob('*.py'))
    return [name for name in names if not name.endswith('_fair')]
