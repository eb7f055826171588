"""Search options of a config with Optuna, judged by held-out samples."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmremix.apis.held_out import KEY as HELD_OUT
from mmremix.apis.tool_runs import ToolRuns
from mmremix.report.scalars import find_runs, read_series
from mmremix.utils.errors import ConfigError

_EXAMPLE = (
    '--space optim_wrapper.optimizer.lr=1e-4:1e-2:log '
    'method_remix.plan.warmup_epochs=2:6:int '
    'train_dataloader.batch_size=8,16,32'
)


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``; ``log``: equally often per factor."""

    low: float
    high: float
    log: bool = False
    whole: bool = False


Space = Mapping[str, Range | list[Any]]


class TrialFailedError(RuntimeError):
    """A run of a trial ended without a result, such as a diverged one."""


def parse_space(words: Sequence[str]) -> dict[str, Range | list[Any]]:
    """Read ``KEY=LOW:HIGH[:log][:int]`` and ``KEY=VALUE,VALUE,...``.

    Args:
        words: Of the command line; ``KEY`` as for ``--cfg-options``.

    Raises:
        ConfigError: On anything else.
    """
    space: dict[str, Range | list[Any]] = {}
    for word in words:
        key, _, text = word.partition('=')
        try:
            space[key] = _parse(text)
        except ValueError as error:
            raise ConfigError(
                f'--space: {word!r} is no range and no list. Write: {_EXAMPLE}'
            ) from error
    if not space:
        raise ConfigError(f'There is nothing to search. Write: {_EXAMPLE}')
    return space


def _parse(text: str) -> Range | list[Any]:
    if ':' not in text:
        if ',' not in text:
            raise ValueError(text)
        return [_value(part) for part in text.split(',')]
    low, high, *more = text.split(':')
    if set(more) - {'log', 'int'}:
        raise ValueError(text)
    found = Range(float(low), float(high), 'log' in more, 'int' in more)
    if not found.low < found.high or (found.log and found.low <= 0):
        raise ValueError(text)
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def suggest(trial: Any, space: Space) -> dict[str, Any]:
    """Let a trial choose a value of each key."""
    chosen: dict[str, Any] = {}
    for key, found in space.items():
        if isinstance(found, list):
            chosen[key] = trial.suggest_categorical(key, found)
        elif found.whole:
            low, high = int(found.low), int(found.high)
            chosen[key] = trial.suggest_int(key, low, high, log=found.log)
        else:
            chosen[key] = trial.suggest_float(
                key, found.low, found.high, log=found.log
            )
    return chosen


def judged_by_held_out(cfg: Config, by: str | None) -> Config:
    """The config, validated on training samples where it was on test ones.

    Args:
        cfg: As it was read; stays as it is.
        by: Column whose equal values stay together.
    """
    one = copy.deepcopy(cfg)
    tests = (one.get('test_dataloader') or {}).get('dataset')
    same = (one.get('val_dataloader') or {}).get('dataset') == tests
    if one.get(HELD_OUT) is None and (same or by is not None):
        one[HELD_OUT] = {'folds': 5, 'fold': 0}
    if by is not None:
        one[HELD_OUT]['by'] = by
    one.resume = False
    return one


def best_value(folder: Path, metric: str) -> float:
    """The highest value that a run's validation came to.

    Args:
        folder: Work directory of the run.
        metric: Name in the log, such as ``acc/fusion_top1``.

    Raises:
        ConfigError: If it was not measured; names what was.
    """
    series = read_series(find_runs(folder)[-1])
    if metric not in series:
        there = ', '.join(sorted(n for n in series if n.startswith('acc/')))
        raise ConfigError(
            f'--metric: the run has no {metric!r}. There are: {there}'
        )
    return max(series[metric].values())


def sweep(
    cfg: Config,
    space: Space,
    root: Path,
    runs: ToolRuns,
    *,
    trials: int,
    metric: str,
    flags: Sequence[str] = (),
    seed: int = 0,
) -> Any:
    """Run trials until there are so many; goes on with those of ``root``.

    Args:
        cfg: Of :func:`judged_by_held_out`.
        space: What to search.
        root: Folder of the trials, and of Optuna's ``sweep.db``.
        runs: Starts them.
        trials: How many are to be done in all.
        metric: To make as large as possible.
        flags: For ``train.py``.
        seed: Of Optuna's sampler.

    Returns:
        Optuna's study.

    Raises:
        ImportError: Without Optuna.
        SystemExit: If the first trial fails: the others would as well.
    """
    try:
        import optuna
    except ImportError as error:
        raise ImportError(
            'A sweep needs Optuna: pip install optuna'
        ) from error
    root.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        study_name='sweep',
        storage=f'sqlite:///{root / "sweep.db"}',
        direction='maximize',
        load_if_exists=True,
    )
    there = len(study.trials)
    # Else a study that goes on would draw its first trials again.
    study.sampler = optuna.samplers.TPESampler(seed=seed + there)

    def objective(trial: Any) -> float:
        one = copy.deepcopy(cfg)
        one.merge_from_dict(suggest(trial, space))
        folder = root / f'trial_{trial.number:03d}'
        try:
            runs.train(one, folder, flags)
        except SystemExit as error:
            if trial.number == 0:
                raise
            raise TrialFailedError(str(error)) from error
        return best_value(folder, metric)

    study.optimize(
        objective, n_trials=max(trials - there, 0), catch=(TrialFailedError,)
    )
    return study


def sweep_table(study: Any) -> str:
    """The trials, best first, and the best as ``--cfg-options``."""
    done = [trial for trial in study.trials if trial.value is not None]
    done.sort(key=lambda trial: -trial.value)
    lines = [
        f'{t.number:5d}  {t.value:.4f}  {_options(t.params)}' for t in done
    ]
    failed = len(study.trials) - len(done)
    if failed:
        lines.append(f'{failed} trial(s) without a result')
    if done:
        lines.append(f'\nbest: --cfg-options {_options(done[0].params)}')
    return '\n'.join(['trial   value  options', *lines])


def _options(chosen: Mapping[str, Any]) -> str:
    return ' '.join(
        f'{key}={value:.4g}' if isinstance(value, float) else f'{key}={value}'
        for key, value in chosen.items()
    )
