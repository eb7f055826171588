"""Where a run goes on, and what it has to make up for first."""

from __future__ import annotations

from typing import Any

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.runner import EpochBasedTrainLoop, Runner

from mmremix.engine.checkpoints.files import newest_intact

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
