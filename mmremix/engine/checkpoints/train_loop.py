"""The loop over epochs that can begin within one."""

from __future__ import annotations

from typing import Any

from mmengine.runner import EpochBasedTrainLoop as MMEngineEpochBasedTrainLoop
from mmengine.runner import Runner

from mmremix.datasets import RemixSampler
from mmremix.registry import LOOPS


@LOOPS.register_module()
class EpochBasedTrainLoop(MMEngineEpochBasedTrainLoop):
    """mmengine's ``EpochBasedTrainLoop``, which can begin within an epoch.

    It is the loop of ``train_cfg=dict(by_epoch=True, ...)`` in runners of
    :func:`mmremix.apis.build_runner`. Hooks see the batch's number in the
    epoch, and the epoch's whole length, as if the run had not been stopped.

    Example::

        train_cfg = dict(by_epoch=True, max_epochs=60)

    Args:
        args: Those of mmengine's.
        kwargs: Those of mmengine's.

    Attributes:
        done: Batches of the current epoch before the current one.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.done = 0

    def run_epoch(self) -> None:
        """Iterate over what is left of the epoch."""
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        sampler = self.dataloader.batch_sampler
        if self.done:
            sampler.start = self.done
        for number, batch in enumerate(self.dataloader, self.done):
            self.run_iter(number, batch)
            self.done = number + 1
        if isinstance(sampler, RemixSampler):
            sampler.start = 0
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1
        self.done = 0


def goes_on_within(runner: Runner) -> bool:
    """Whether a run can be resumed within an epoch."""
    return isinstance(runner.train_loop, EpochBasedTrainLoop) and isinstance(
        runner.train_dataloader.batch_sampler, RemixSampler
    )


def between_steps(runner: Runner) -> bool:
    """Whether no gradient waits for further batches."""
    wrapper = runner.optim_wrapper
    counts = getattr(wrapper, '_accumulative_counts', 1)
    # It counts on from batch to batch: the last one has made a step.
    return counts == 1 or bool(wrapper.should_update())
