"""Score every sample of a data set with a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from mmengine.dist import all_reduce
from mmengine.model import BaseModel
from torch import Tensor
from torch.utils.data import DataLoader

from mmremix.engine.scoring_forward import ScoringForward
from mmremix.engine.scoring_options import ScoringOptions
from mmremix.models.evaluating import evaluating
from mmremix.remix import kl_to_uniform


@dataclass
class ScoreTable:
    """What a scoring pass found out, equal on all ranks.

    Attributes:
        scores: One score per sample and modality, ``(N, K)`` float32; NaN
            for samples that could not be loaded.
        accuracy: Share of the scored samples that each prediction
            (``fusion`` and the modalities) gets right.
        broken: ``(index, clip, reason)`` of the samples of this rank that
            could not be loaded.
        true_probability: Mean softmax probability of the true class, for
            each modality.
        rechecked: Number of samples that were scored again in float32.
    """

    scores: Tensor
    accuracy: dict[str, float]
    broken: list[tuple[int, str, str]] = field(default_factory=list)
    true_probability: dict[str, float] = field(default_factory=dict)
    rechecked: int = 0


@torch.no_grad()
def score_dataset(
    model: BaseModel,
    dataloader: DataLoader,
    modalities: Sequence[str],
    score: Callable[[Tensor], Tensor] = kl_to_uniform,
    options: ScoringOptions | None = None,
) -> ScoreTable:
    """Run the model over a data set in eval mode and score its predictions.

    Each rank runs its own share without talking to the others; the one
    exchange is at the end, so shares of unequal length are safe. A sample
    that several ranks see counts once.

    Args:
        model: An unwrapped :class:`~mmremix.models.AVRecognizer`. Its
            training flags are put back at the end.
        dataloader: Over the training samples with evaluation transforms,
            not shuffled.
        modalities: Names, in the order of the columns.
        score: From logits ``(B, M)`` to scores ``(B,)``.
        options: What makes it cheaper. Defaults to none of it.

    Returns:
        The table, on the CPU.

    Raises:
        FloatingPointError: If a prediction is NaN or infinite.
    """
    options = options or ScoringOptions()
    forward = ScoringForward(model, options)
    names = (*(() if options.heads_only else ('fusion',)), *modalities)
    # Columns: one score and one probability of the true class a modality,
    # one hit or miss a prediction, and how often the sample was seen.
    widths = [len(modalities), len(modalities), len(names), 1]
    total = torch.zeros(
        len(dataloader.dataset), sum(widths), device=forward.device
    )
    broken = []
    with evaluating(model):
        for batch in dataloader:
            samples, logits = forward(batch)
            stands_in = [s.metainfo.get('replaces') for s in samples]
            broken += [item for item in stands_in if item is not None]
            keep = [i for i, item in enumerate(stands_in) if item is None]
            if not keep:
                continue
            index = torch.tensor(
                [samples[i].metainfo['sample_idx'] for i in keep],
                device=total.device,
            )
            labels = torch.cat([samples[i].gt_label for i in keep])
            labels = labels.to(total.device)[:, None]
            if len(keep) < len(samples):
                logits = {name: x[keep] for name, x in logits.items()}
            own = [logits[name] for name in modalities]
            columns = [
                *(score(x)[:, None] for x in own),
                *(x.softmax(dim=1).gather(1, labels) for x in own),
                *(logits[n].argmax(1, keepdim=True) == labels for n in names),
                torch.ones_like(labels),
            ]
            total.index_add_(
                0, index, torch.cat([c.float() for c in columns], 1)
            )

    all_reduce(total)
    total = total.cpu()
    seen = total[:, -1] > 0
    # 0 / 0: samples that nobody could load become NaN here.
    scores, true, hits, _ = (total / total[:, -1:]).split(widths, dim=1)
    diverged = seen & torch.isnan(scores).any(dim=1)
    if diverged.any():
        first = int(diverged.nonzero()[0])
        raise FloatingPointError(
            f'The predictions of {int(diverged.sum())} samples are NaN or '
            f'infinite, the first is sample {first}: training has diverged. '
            'Lower the learning rate, or clip gradients: '
            'optim_wrapper=dict(clip_grad=dict(max_norm=1.0))'
        )
    return ScoreTable(
        scores=scores.contiguous(),
        accuracy=dict(
            zip(names, hits[seen].mean(dim=0).tolist(), strict=True)
        ),
        broken=broken,
        true_probability=dict(
            zip(modalities, true[seen].mean(dim=0).tolist(), strict=True)
        ),
    )
