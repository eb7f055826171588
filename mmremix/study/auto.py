"""Which method to train with: short runs, chosen by held-out samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmremix.apis.config_file import read_config
from mmremix.apis.config_text import config_text
from mmremix.apis.methods import PREFIX
from mmremix.apis.unimodal import modalities_of
from mmremix.study.choose import chosen_runs
from mmremix.study.plan import method_config
from mmremix.study.records import DONE, SHARED_POOL, Record
from mmremix.study.rows import choose_readout
from mmremix.study.statistics import Difference, paired
from mmremix.study.study_file import Method, Study
from mmremix.utils.config_paths import shipped
from mmremix.utils.errors import ConfigError
from mmremix.utils.intervals import t_interval
from mmremix.utils.names import FUSION, HEADS
from mmremix.utils.whole_files import write_whole

JOINT = 'joint'
WARMUP = 0.2
"""Share of Remix's epochs on complete samples, in short and long runs."""


@dataclass(frozen=True)
class Candidate:
    """A method and a read-out.

    Attributes:
        method: Name.
        readout: As in the records.
        accuracy: Held-out, mean over the folds.
        interval: 95 % of it, by Student's t over the folds.
        gain: Over joint training's fused head, fold by fold; ``None`` for
            that itself.
    """

    method: str
    readout: str
    accuracy: float
    interval: tuple[float, float] | None
    gain: Difference | None


def short_study(
    cfg: Config, base: str, by: str | None, folds: int, epochs: int
) -> Study:
    """The study that compares methods in short runs, a fold a seed.

    Args:
        cfg: The joint config, read.
        base: Its file.
        by: Column whose equal values stay together.
        folds: How many.
        epochs: Of each run.

    Raises:
        ConfigError: If the config has a method already, too few folds or
            epochs are given, or it has no learning rate.
    """
    if folds < 2 or epochs < 2:
        raise ConfigError(
            f'--folds={folds}, --epochs={epochs}: both must be at least 2, '
            'so that folds can be averaged and a warm-up fits in.'
        )
    given = [key for key in cfg if key.startswith(PREFIX) and cfg[key]]
    if given:
        raise ConfigError(
            f'auto chooses a method, and the config has {given}. Give it '
            f'that of the joint model, or write: {given[0]} = None'
        )
    lr = cfg.get('optim_wrapper', {}).get('optimizer', {}).get('lr')
    if lr is None:
        raise ConfigError(
            'The config has no learning rate at optim_wrapper.optimizer.lr. '
            "Write: optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-3))"
        )
    held_out = {'folds': folds, **({'by': by} if by is not None else {})}
    return Study(
        name='auto',
        base=base,
        methods=_methods(cfg, epochs),
        seeds=tuple(range(folds)),
        learning_rates=(lr,),
        held_out=held_out,
        options={'train_cfg.max_epochs': epochs},
        folder=Path(base).resolve().parent,
    )


def candidates(records: Sequence[Record]) -> list[Candidate]:
    """What can be chosen, the best first; joint's fused head before equals.

    For each method the fused head, the read-out that the averaged held-out
    accuracies choose, and a pool of all heads, judged in each fold by the
    weights of the others. A method that lacks a fold is none.

    Raises:
        ConfigError: If joint training lacks runs.
    """
    methods = dict.fromkeys(r['method'] for r in records)
    runs = {
        name: [
            run
            for run in chosen_runs([r for r in records if r['method'] == name])
            if run['status'] == DONE
        ]
        for name in methods
    }
    seeds = {run['seed'] for found in runs.values() for run in found}
    whole = {n: f for n, f in runs.items() if len(f) == len(seeds)}
    if not seeds or JOINT not in whole:
        raise ConfigError(
            'Not every run of joint training is done, which the others are '
            'compared with. Their console.log in the work directory says '
            'why; run it again with --retry.'
        )
    reference = _by_seed(whole[JOINT], FUSION)
    found = []
    for name, done in whole.items():
        readouts = [FUSION, choose_readout(done) or FUSION]
        if all(SHARED_POOL in run['accuracy']['held_out'] for run in done):
            readouts.append(SHARED_POOL)
        for readout in dict.fromkeys(readouts):
            values = _by_seed(done, readout)
            is_joint = (name, readout) == (JOINT, FUSION)
            listed = list(values.values())
            found.append(
                Candidate(
                    name,
                    readout,
                    sum(listed) / len(listed),
                    t_interval(listed) if len(listed) > 1 else None,
                    None if is_joint else paired(values, reference),
                )
            )
    # sorted is stable, and joint comes first.
    found.sort(key=lambda c: (c.method, c.readout) != (JOINT, FUSION))
    return sorted(found, key=lambda c: -round(c.accuracy, 9))


def decide(found: Sequence[Candidate]) -> tuple[Candidate, str]:
    """The best whose gain over joint is above zero with its interval.

    Returns:
        The candidate, and the reason. Joint's fused head, if none is.
    """
    ahead = [c for c in found if c.gain and c.gain.verdict == 'better']
    if ahead:
        best = ahead[0]
        assert best.gain is not None and best.gain.t is not None
        low, high = (100 * end for end in best.gain.t)
        return best, (
            f'{best.method}, read out by {plain_readout(best.readout)}, is '
            f'{100 * best.gain.mean:+.1f} [{low:+.1f}, {high:+.1f}] ahead of '
            'joint training on held-out samples.'
        )
    joint = next(c for c in found if c.gain is None)
    return joint, (
        'Nothing is ahead of joint training by more than the folds differ; '
        'so it is joint training, the simplest.'
    )


def table(found: Sequence[Candidate]) -> list[list[str]]:
    """Header and rows, in %."""
    rows = [
        ['method', 'read-out', 'held-out', '95 %', 'over joint', '95 %'],
    ]
    for c in found:
        rows.append(
            [
                c.method,
                plain_readout(c.readout),
                f'{100 * c.accuracy:.1f}',
                _interval(c.interval, ''),
                f'{100 * c.gain.mean:+.1f}' if c.gain else '',
                _interval(c.gain.t if c.gain else None, '+'),
            ]
        )
    return rows


def chosen_config(
    study: Study, cfg: Config, choice: Candidate, target: Path
) -> Path:
    """Write the config of the choice, for a run in full.

    A pool is not in it: ``tools/crossfit.py`` fits that.

    Args:
        study: Of :func:`short_study`.
        cfg: The joint config, read.
        choice: What to train.
        target: File to write.
    """
    methods = {m.name: m for m in _methods(cfg, cfg.train_cfg.max_epochs)}
    full = Study(
        study.name,
        study.base,
        (),
        held_out=study.held_out,
        folder=study.folder,
    )
    text = method_config(full, methods[choice.method], {}, cfg)
    write_whole(target, text.encode())
    if choice.readout not in (FUSION, SHARED_POOL):
        chosen = read_config(str(target))
        names = choice.readout.split('+')
        chosen.model.readout = (
            choice.readout if choice.readout == HEADS else names
        )
        write_whole(target, config_text(chosen).encode())
    return target


def _methods(cfg: Config, epochs: int) -> tuple[Method, ...]:
    folder = shipped('configs') / '_base_' / 'methods'
    warmup: dict[str, Any] = {
        'method_remix.plan.warmup_epochs': max(1, round(WARMUP * epochs))
    }
    return (
        Method(JOINT),
        Method('every_modality', (str(folder / 'every_modality.py'),)),
        Method('remix', (str(folder / 'remix.py'),), warmup),
        *(
            Method(f'unimodal_{name}', unimodal=name)
            for name in modalities_of(cfg)
        ),
    )


def _by_seed(runs: Sequence[Record], readout: str) -> dict[int, float]:
    return {r['seed']: r['accuracy']['held_out'][readout] for r in runs}


def plain_readout(readout: str) -> str:
    """The name of a read-out, as people read it."""
    return 'pool' if readout == SHARED_POOL else readout


def _interval(ends: tuple[float, float] | None, sign: str) -> str:
    if ends is None:
        return ''
    low, high = (format(100 * end, f'{sign}.1f') for end in ends)
    return f'[{low}, {high}]'
