"""How often ``tools/auto.py`` chose well, by studies of the same settings."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from mmremix.study.auto import JOINT, Candidate, candidates, decide
from mmremix.study.choose import chosen_runs
from mmremix.study.derived import ENSEMBLE
from mmremix.study.records import DONE, Record
from mmremix.study.statistics import Difference, paired
from mmremix.utils.names import FUSION

NEAR = 0.01
"""A choice is right if no other candidate is further ahead of it than this."""


class Choice(NamedTuple):
    """What was chosen in a setting, and what came of it on test samples.

    Attributes:
        setting: Study and setting.
        epochs: Of each short run.
        chosen: Method and read-out.
        gain: Of the choice over joint training's fused head in the study,
            seed by seed; ``None`` if it is that.
        best: What the study's test samples would have chosen, of the same
            candidates.
        behind: By how much the choice is behind that one, in [0, 1].
        joint_behind: By how much joint training's fused head is.
    """

    setting: str
    epochs: int
    chosen: tuple[str, str]
    gain: Difference | None
    best: tuple[str, str]
    behind: float
    joint_behind: float

    @property
    def right(self) -> bool:
        return round(self.behind, 9) <= NEAR


def choices(short: Sequence[Record], full: Sequence[Record]) -> list[Choice]:
    """Judge every setting that has short runs by the runs of its study.

    Candidates that the study has not trained are left out of what is best.

    Args:
        short: Of ``tools/docs/try_auto.py``; runs of several lengths are
            judged apart.
        full: Of the studies.
    """
    found = []
    # What tools/auto.py does not choose from.
    short = [r for r in short if r['method'] != ENSEMBLE]
    places = {(r['study'], r['setting'], _length(r)) for r in short}
    for study, setting, epochs in sorted(places):
        here = [
            r
            for r in short
            if (r['study'], r['setting'], _length(r))
            == (study, setting, epochs)
        ]
        known = candidates(here)
        choice, _ = decide(known)
        done = [
            r for r in full if (r['study'], r['setting']) == (study, setting)
        ]
        tested = {
            _name(c): values for c in known if (values := _test(done, c))
        }
        means = {name: fmean(v.values()) for name, v in tested.items()}
        joint = (JOINT, FUSION)
        if joint not in means or _name(choice) not in means:
            continue
        best = max(means, key=lambda name: round(means[name], 9))
        found.append(
            Choice(
                f'{study}/{setting}',
                epochs,
                _name(choice),
                None
                if _name(choice) == joint
                else paired(tested[_name(choice)], tested[joint]),
                best,
                means[best] - means[_name(choice)],
                means[best] - means[joint],
            )
        )
    return found


def _length(record: Record) -> int:
    return int(record['epochs'])


def _name(candidate: Candidate) -> tuple[str, str]:
    return candidate.method, candidate.readout


def _test(records: Sequence[Record], candidate: Candidate) -> dict[int, float]:
    """Test accuracy by seed; empty, if the study does not have it."""
    runs = chosen_runs([r for r in records if r['method'] == candidate.method])
    return {
        int(run['seed']): run['accuracy']['test'][candidate.readout]
        for run in runs
        if run['status'] == DONE
        and candidate.readout in run['accuracy']['test']
    }
