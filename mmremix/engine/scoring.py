"""Score every sample of a data set with a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from mmengine.dist import all_reduce
from mmengine.model import BaseModel
from torch import Tensor
from torch.utils.data import DataLoader

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
    """

    scores: Tensor
    accuracy: dict[str, float]
    broken: list[tuple[int, str, str]] = field(default_factory=list)


@torch.no_grad()
def score_dataset(
    model: BaseModel,
    dataloader: DataLoader,
    modalities: Sequence[str],
    score: Callable[[Tensor], Tensor] = kl_to_uniform,
) -> ScoreTable:
    """Run the model over a data set in eval mode and score its predictions.

    Each rank runs its own share without talking to the others; the one
    exchange is at the end, so shares of unequal length are safe. A sample
    that several ranks see counts once.

    Args:
        model: An unwrapped :class:`~mmremix.models.AVRecognizer`. Its
            training flag is put back at the end.
        dataloader: Over the training samples with evaluation transforms,
            not shuffled.
        modalities: Names, in the order of the columns.
        score: From logits ``(B, M)`` to scores ``(B,)``.

    Returns:
        The table, on the CPU.

    Raises:
        FloatingPointError: If a prediction is NaN or infinite.
    """
    num_samples = len(dataloader.dataset)
    names = ('fusion', *modalities)
    device = next(model.parameters()).device
    sums = torch.zeros(num_samples, len(modalities), device=device)
    correct = torch.zeros(num_samples, len(names), device=device)
    count = torch.zeros(num_samples, device=device)
    broken = []

    was_training = model.training
    model.eval()
    for batch in dataloader:
        data = model.data_preprocessor(batch, False)
        samples = data['data_samples']
        logits = model(data['inputs'], samples, mode='tensor')
        stands_in = [s.metainfo.get('replaces') for s in samples]
        broken += [item for item in stands_in if item is not None]
        keep = [i for i, item in enumerate(stands_in) if item is None]
        if not keep:
            continue
        index = torch.tensor(
            [samples[i].metainfo['sample_idx'] for i in keep], device=device
        )
        labels = torch.cat([samples[i].gt_label for i in keep]).to(device)
        stacked = torch.stack([score(logits[n])[keep] for n in modalities], 1)
        hits = torch.stack(
            [logits[n][keep].argmax(1) == labels for n in names], 1
        )
        sums.index_add_(0, index, stacked.float())
        correct.index_add_(0, index, hits.float())
        count.index_add_(0, index, torch.ones_like(index, dtype=count.dtype))
    model.train(was_training)

    for total in (sums, correct, count):
        all_reduce(total)
    sums, correct, count = sums.cpu(), correct.cpu(), count.cpu()
    seen = count > 0
    # 0 / 0: samples that nobody could load become NaN here.
    scores = sums / count[:, None]
    diverged = seen & torch.isnan(scores).any(dim=1)
    if diverged.any():
        first = int(diverged.nonzero()[0])
        raise FloatingPointError(
            f'The predictions of {int(diverged.sum())} samples are NaN or '
            f'infinite, the first is sample {first}: training has diverged. '
            'Lower the learning rate, or clip gradients: '
            'optim_wrapper=dict(clip_grad=dict(max_norm=1.0))'
        )
    mean = (correct[seen] / count[seen, None]).mean(dim=0).tolist()
    return ScoreTable(
        scores=scores,
        accuracy=dict(zip(names, mean, strict=True)),
        broken=broken,
    )
