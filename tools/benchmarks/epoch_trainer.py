"""Training steps on random inputs of CREMA-D's shape."""

from __future__ import annotations

import argparse
from typing import Any

import torch
from mmaction.structures import ActionDataSample
from mmengine.dist import get_world_size
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper

from mmremix.engine import BFloat16OptimWrapper
from mmremix.models import AVRecognizer

SHAPES = {'video': (2, 3, 224, 224), 'audio': (1, 257, 188)}
NUM_CLASSES = 6
INPUTS = {
    name: torch.randn(shape, generator=torch.Generator().manual_seed(0))
    for name, shape in SHAPES.items()
}


class Trainer:
    """One recognizer with its optimiser, as the runner would drive it."""

    def __init__(
        self, args: argparse.Namespace, device: torch.device, mask: str
    ) -> None:
        torch.manual_seed(0)
        backbone = {'type': 'ResNet', 'depth': args.depth}
        self.model = AVRecognizer(
            encoders={
                'video': {**backbone, 'in_channels': 3},
                'audio': {**backbone, 'in_channels': 1},
            },
            fusion={'type': 'ConcatFusionHead'},
            num_classes=NUM_CLASSES,
            mask=mask,
            channels_last=args.channels_last,
            compile=args.compile,
        ).to(device)
        self.wrapped: Any = self.model
        if get_world_size() > 1:
            self.wrapped = MMDistributedDataParallel(
                self.model,
                device_ids=None if device.type == 'cpu' else [device.index],
                find_unused_parameters=True,
            )
        optimizer = torch.optim.SGD(
            self.model.parameters(),
            lr=1e-3,
            momentum=0.9,
            weight_decay=1e-4,
            fused=args.fused or None,
        )
        self.optimizer = (
            BFloat16OptimWrapper(optimizer)
            if args.train_bf16
            else OptimWrapper(optimizer)
        )
        self.mask = mask
        self.batch_size = args.batch_size

    def train(self, *groups: tuple[int, tuple[str, ...]]) -> None:
        """Train on so many samples of so many modalities, for each group."""
        self.wrapped.train()
        for batch in batches(groups, self.batch_size, self.mask != 'skip'):
            self.wrapped.train_step(batch, self.optimizer)


def batches(
    groups: tuple[tuple[int, tuple[str, ...]], ...],
    batch_size: int,
    load_masked: bool,
) -> list[dict[str, Any]]:
    """Collated batches; every sample of a modality is the same tensor."""
    made = []
    for count, active in groups:
        loaded = tuple(SHAPES) if load_masked else active
        meta = {'active_modalities': active, 'loaded_modalities': loaded}
        for start in range(0, count, batch_size):
            size = min(batch_size, count - start)
            made.append(
                {
                    'inputs': {n: [INPUTS[n]] * size for n in loaded},
                    'data_samples': [
                        ActionDataSample(metainfo=meta).set_gt_label(
                            i % NUM_CLASSES
                        )
                        for i in range(size)
                    ],
                }
            )
    return made
