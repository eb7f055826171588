"""Where a run goes on, and what it has to make up for first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import Tensor

from mmremix.engine.checkpoints.files import (
    DamagedCheckpointError,
    newest_intact,
)
from mmremix.engine.checkpoints.safe_loading import (
    RefusedCheckpointError,
    load_checkpoint_file,
)

# Not 'validated...': what begins with val is logged as a metric.
_VALIDATED = 'epoch_validated'


def choose_checkpoint(runner: Runner, folder: str, template: str) -> None:
    """Make the newest undamaged checkpoint the one to resume from.

    Rank 0 decides for all; others may see the folder otherwise.

    Args:
        runner: Before it loads anything; with ``resume=True``.
        folder: Where the checkpoints are.
        template: Their names, with ``{}`` for the number.

    Raises:
        DamagedCheckpointError: On all ranks, if there are checkpoints, and
            none is intact.
    """
    chosen: list[Any] = [None]
    if is_main_process():
        try:
            path, notes = newest_intact(runner.work_dir, folder, template)
            for note in notes:
                runner.logger.warning(f'{note}. Resuming from {path}.')
            chosen = [None if path is None else str(path)]
        except Exception as error:
            chosen = [error]
    broadcast_object_list(chosen)
    if isinstance(chosen[0], Exception):
        raise chosen[0]
    runner._load_from = chosen[0]


def take_validation(runner: Runner, checkpoint: dict[str, Any]) -> None:
    """Let a checkpoint hold what the best checkpoint of its epoch knows.

    An epoch is saved before its validation. If that found the best model so
    far, the best checkpoint, written after it, has the score and the log, and
    nothing needs to be validated again. It counts if its weights are those of
    the epoch to the bit: another run may have left it. Rank 0 decides.

    Args:
        runner: Before the checkpoint is loaded, with ``resume=True``.
        checkpoint: Gets another ``message_hub``.
    """
    found: list[Any] = [None]
    if is_main_process():
        found = [_hub_of_best(str(runner._load_from), checkpoint)]
    broadcast_object_list(found)
    if found[0] is not None:
        checkpoint['message_hub'] = found[0]


def _hub_of_best(path: str, checkpoint: dict[str, Any]) -> Any:
    epoch = checkpoint.get('meta', {}).get('epoch')
    weights = checkpoint.get('state_dict')
    if '://' in path or _validated(checkpoint) == epoch or not weights:
        return None
    for best in sorted(Path(path).parent.glob(f'best_*_{Path(path).name}')):
        try:
            other = load_checkpoint_file(str(best), map_location='cpu')
        except (DamagedCheckpointError, RefusedCheckpointError):
            continue
        if _validated(other) == epoch and _equal(weights, other['state_dict']):
            return other['message_hub']
    return None


def _validated(checkpoint: Any) -> Any:
    hub = checkpoint.get('message_hub')
    info = hub.get('runtime_info') if isinstance(hub, dict) else None
    return info.get(_VALIDATED) if isinstance(info, dict) else None


def _equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(
        torch.equal(tensor.cpu(), other[name]) for name, tensor in one.items()
    )


def schedules_by_metric(runner: Runner) -> bool:
    """Whether a validation changes a scheduler, which an epoch holds."""
    schedulers = runner.param_schedulers or []
    groups = (
        schedulers.values() if isinstance(schedulers, dict) else [schedulers]
    )
    return any(
        getattr(each, 'need_val_args', False)
        for group in groups
        for each in group
    )


def note_validation(runner: Runner) -> None:
    """Let checkpoints say that this epoch's validation is done."""
    runner.message_hub.update_info(_VALIDATED, runner.epoch)


def validate_if_missed(runner: Runner) -> None:
    """Validate if the run was stopped between saving and validating.

    The best checkpoint and schedulers that look at the metrics then go on
    as in a run that was not stopped.
    """
    loop, epoch = runner.train_loop, runner.epoch
    if (
        not (runner._resume and epoch > 0)
        or runner.val_loop is None
        or not isinstance(loop, EpochBasedTrainLoop)
    ):
        return
    loop._decide_current_val_interval()
    due = epoch >= loop.val_begin and (
        epoch % loop.val_interval == 0 or epoch == loop.max_epochs
    )
    hub = runner.message_hub
    done = _VALIDATED in hub.runtime_info and hub.get_info(_VALIDATED)
    if due and done != epoch:
        runner.logger.info(
            f'The checkpoint is from before the validation of epoch {epoch}, '
            'which comes first.'
        )
        runner.val_loop.run()
