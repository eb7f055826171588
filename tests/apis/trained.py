"""A tiny model with the weights of a checkpoint, without training."""

from __future__ import annotations

import torch

from mmremix.registry import MODELS

CLASSES = ['beat', 'chirp', 'hum', 'noise', 'sweep', 'tone']


def save_checkpoint(cfg, path, classes=CLASSES):
    """Random weights of a config's model, as mmengine would save them."""
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    meta = {} if classes is None else {'dataset_meta': {'classes': classes}}
    torch.save({'state_dict': model.state_dict(), 'meta': meta}, path)
    return str(path)
