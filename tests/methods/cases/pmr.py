from __future__ import annotations

import torch

from mmremix.methods import PMR
from mmremix.registry import MODELS
from tests.methods import kit


@MODELS.register_module(force=True)
class ReadyPMR(PMR):
    """With prototypes at once: tests of steps run no hooks."""

    def check(self, model):
        super().check(model)
        batch = kit.make_batch(100, model.modalities, size=12)
        labels = torch.cat([s.gt_label for s in batch['data_samples']])
        with torch.no_grad():
            features = model.encode(
                {n: torch.stack(x) for n, x in batch['inputs'].items()}
            ).features
        features = torch.cat([features[n] for n in model.modalities], dim=1)
        means = torch.stack(
            [features[labels == k].mean(0) for k in range(kit.CLASSES)]
        )
        self.update(means, torch.tensor([True, True, False]), epoch=0)


def case(modalities=2, active=None, **options):
    return {
        'methods': {'pmr': {'type': 'ReadyPMR', **options}},
        'modalities': modalities,
        'active': active or (lambda i: None),
    }


CASES = {
    'pmr': case(),
    'pmr_hard': case(form='hard', alpha=3.0),
    'pmr_entropy': case(mu=0.5, entropy_epochs=2),
    'pmr_three': case(modalities=3),
    'pmr_pure': case(active=lambda i: ('audio',) if i % 3 else None),
}
