"""Methods that do little, one for each place."""

from __future__ import annotations

import torch

from mmremix.methods import Method, scale_gradient
from mmremix.registry import MODELS


@MODELS.register_module(force=True)
class DoNothing(Method):
    """Acts at every place that leaves the step as it is."""

    def features(self, model, output):
        return dict(output.features)

    def into_fusion(self, model, output, features):
        return dict(features)

    def losses(self, model, output, losses):
        return dict(losses)

    def edit_gradients(self, model):
        pass


@MODELS.register_module(force=True)
class SumOfTerms(Method):
    """Takes the gradients of the terms apart and puts them together."""

    def combine(self, model, gradients):
        total = {}
        for part in gradients.values():
            for name, gradient in part.items():
                if gradient is None:
                    total.setdefault(name, None)
                elif total.get(name) is None:
                    total[name] = gradient
                else:
                    total[name] = total[name] + gradient
        return total


@MODELS.register_module(force=True)
class RunningMean(Method):
    """Scales gradients by a running mean over the batch, and adds noise."""

    def __init__(self, momentum=0.5):
        super().__init__()
        self.momentum = momentum
        self.register_buffer('mean', torch.ones(()))

    def features(self, model, output):
        size = {
            n: self.mean_over_batch(z.abs().mean(1))
            for n, z in output.features.items()
        }
        with torch.no_grad():
            new = torch.stack(list(size.values())).mean()
            self.mean.lerp_(new, self.momentum)
        self.record('mean', self.mean)
        return {
            name: scale_gradient(z, self.mean)
            for name, z in output.features.items()
        }

    def losses(self, model, output, losses):
        return {name: loss * (1 + self.mean) for name, loss in losses.items()}

    def edit_gradients(self, model):
        generator = self.generator()
        for parameter in model.parameters():
            if parameter.grad is not None:
                noise = torch.randn(parameter.shape, generator=generator)
                parameter.grad += 0.01 * noise
