"""Checkpoints of libraries, made on the spot."""

from __future__ import annotations

import torch


def save_random(model, path):
    """Save a model's weights after making every one of them its own."""
    generator = torch.Generator().manual_seed(3)
    state = model.state_dict()
    for key, value in state.items():
        if value.is_floating_point():
            noise = torch.rand(value.shape, generator=generator)
            value.copy_(noise * 0.1 + ('running_var' in key) + 0.01)
    torch.save(state, path)
    return str(path)
