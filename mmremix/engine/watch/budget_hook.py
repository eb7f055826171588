"""What a training costs: steps, encoder passes, seconds."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmremix.engine.unwrap import recognizer
from mmremix.registry import HOOKS

KEY = 'budget'


@dataclass
class Budget:
    """What a training has cost so far.

    Attributes:
        steps: Of the optimiser.
        passes: How many samples each encoder has encoded, those of scoring
            included, those of validation not.
        seconds: Without validation.
    """

    steps: int = 0
    passes: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


@HOOKS.register_module()
class BudgetHook(Hook):
    """Count what a training costs, for comparing methods at equal cost.

    A sample that an encoder encodes counts once for its modality, whether
    it is trained on, scored, or encoded again by a method. The backward
    pass is not counted by itself. The counts are in the checkpoints (key
    ``budget``), so a resumed run goes on with them; they are those of the
    rank that writes.

    Example::

        default_hooks = dict(budget=dict(type='BudgetHook'))

    Attributes:
        spent: The :class:`Budget` so far; at the end of each epoch it is up
            to date.
    """

    # First to start the clock, before the scoring of an epoch.
    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self.spent = Budget()
        self._passes: Counter[str] = Counter()
        self._time = 0.0

    def before_train(self, runner: Runner) -> None:
        """Count from now on."""
        self._restart(runner)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Count a step of the optimiser, if there was one."""
        self.spent.steps += bool(runner.optim_wrapper.should_update())

    def before_val(self, runner: Runner) -> None:
        """What comes now is not training."""
        self._note(runner)
        self._time = 0.0

    def after_val(self, runner: Runner) -> None:
        """Training goes on."""
        self._restart(runner)

    def after_train(self, runner: Runner) -> None:
        """Count what was left."""
        self._note(runner)
        self._time = 0.0

    def before_save_checkpoint(
        self, runner: Runner, checkpoint: dict[str, Any]
    ) -> None:
        """Save the counts."""
        self._note(runner)
        checkpoint[KEY] = asdict(self.spent)

    def after_load_checkpoint(
        self, runner: Runner, checkpoint: dict[str, Any]
    ) -> None:
        """Go on with the counts of a run that is resumed."""
        if runner._resume and KEY in checkpoint:
            self.spent = Budget(**checkpoint[KEY])

    def _restart(self, runner: Runner) -> None:
        self._passes = Counter(recognizer(runner, 'BudgetHook').passes)
        self._time = time.perf_counter()

    def _note(self, runner: Runner) -> None:
        """Add what was spent since the last time."""
        if not self._time:  # a validation is going on
            return
        model = recognizer(runner, 'BudgetHook')
        for name in model.modalities:
            new = model.passes[name] - self._passes[name]
            self.spent.passes[name] = self.spent.passes.get(name, 0) + new
        self.spent.seconds += time.perf_counter() - self._time
        self._restart(runner)
