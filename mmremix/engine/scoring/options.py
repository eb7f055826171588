"""How the scoring pass runs the model."""

from __future__ import annotations

from dataclasses import dataclass

import torch

AMP = (None, 'bfloat16', 'float16')


@dataclass(frozen=True)
class ScoringOptions:
    """What makes a scoring pass cheaper; all off is plain eval mode.

    Example::

        method_remix = dict(plan=dict(
            type='KLScoreHook', warmup_epochs=10,
            scoring=dict(
                amp='bfloat16', channels_last=True, recheck=0.05)))

    docs/performance.md has the measured effect of each.

    Attributes:
        amp: Number format of the convolutions and matrix products under
            autocast, ``'bfloat16'`` (CPU and GPU) or ``'float16'`` (GPU).
            KL is always computed in float32.
        channels_last: Whether to score with a copy of the model whose
            weights have their channels last in memory.
        fold_bn: Whether to score with a copy of the model whose batch norms
            are folded into the convolutions before them.
        heads_only: Whether to leave out the fused prediction, and its
            training accuracy in the log with it.
        recheck: Score samples again in float32, with none of these options,
            whose two lowest scores are less than this apart (nats): there a
            rounding may decide. bfloat16 moved scores by up to 0.04 where
            it was measured.

    Raises:
        ValueError: On an unknown ``amp`` or a negative ``recheck``.
    """

    amp: str | None = None
    channels_last: bool = False
    fold_bn: bool = False
    heads_only: bool = False
    recheck: float = 0.0

    def __post_init__(self) -> None:
        if self.amp not in AMP:
            raise ValueError(
                f'scoring: amp must be one of {AMP}, got {self.amp!r}. '
                "Write: scoring=dict(amp='bfloat16')"
            )
        if self.recheck < 0:
            raise ValueError(
                f'scoring: recheck must be at least 0, got {self.recheck}. '
                'Write: scoring=dict(recheck=0.05)'
            )

    @property
    def dtype(self) -> torch.dtype:
        """The number format under autocast."""
        dtype: torch.dtype = getattr(torch, self.amp or 'float32')
        return dtype

    def check(self, device: torch.device) -> None:
        """Refuse what a device cannot do.

        Raises:
            ValueError: If it is ``'float16'`` and not a GPU.
        """
        if self.amp == 'float16' and device.type == 'cpu':
            raise ValueError(
                "scoring: amp='float16' needs a GPU. Write: "
                "scoring=dict(amp='bfloat16')"
            )
