"""Measure the loss weights of Gradient-Blend, before training."""

from __future__ import annotations

import copy
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import DefaultScope
from mmengine.runner import Runner, load_checkpoint, set_random_seed
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader

from mmremix.apis.config_text import config_text
from mmremix.apis.held_out import apply_held_out
from mmremix.apis.launch import build_runner
from mmremix.apis.unimodal import (
    modalities_of,
    without_methods,
)
from mmremix.datasets.preparation.splits import split_samples
from mmremix.evaluation.dataset_rows import collect_rows
from mmremix.methods.g_blend import HeadLosses, blend_weights, config_line
from mmremix.models import FUSION, AVRecognizer
from mmremix.models.multi_label import refuse_multi_label
from mmremix.registry import DATASETS, MODELS
from mmremix.utils.whole_files import write_whole

RESULT = 'g_blend.json'
_START = 'start.pth'


def measure_blend(
    cfg: Config,
    work_dir: str | Path,
    epochs: int | None = None,
    held_out: float = 0.2,
    seed: int = 0,
) -> dict[str, Any]:
    """Train each head by itself, and weigh them by how they overfit.

    The fused head and each modality's own are trained one after the other
    from the same start, each with its own loss only, on a part of the
    training set; the rest of it is held out. Validation and test sets are
    not touched, and the balancing methods of the config are left out. What
    was measured lies in ``g_blend.json`` in the work directory; heads that
    are in it are not trained again.

    Args:
        cfg: Of ``Config.fromfile``; stays as it is.
        work_dir: Where the runs and the result go.
        epochs: Length of the super-epoch. Defaults to the config's epochs.
        held_out: Share of each class that is held out.
        seed: Of the split and of the runs.

    Returns:
        What is in the file: ``weights`` and ``config``, the line to write;
        for each head ``losses`` (see
        :class:`~mmremix.methods.g_blend.HeadLosses`), ``generalization`` and
        ``overfitting``; and ``settings``.

    Raises:
        ValueError: If the model has no heads, on a share out of range, if
            the work directory is of other settings, and see
            :func:`~mmremix.methods.g_blend.blend_weights`.
    """
    _check(cfg, held_out)
    plain = without_methods(cfg)
    apply_held_out(plain)
    epochs = int(epochs or plain.train_cfg.max_epochs)
    settings = settings_of(plain, epochs, held_out, seed)
    target = Path(work_dir, RESULT)
    losses = _measured(target, settings)
    heads = (FUSION, *modalities_of(plain))
    if not set(heads) <= set(losses):
        labels, source = _rows(plain)
        kept, held = (
            source[part].tolist()
            for part in split_rows(labels, held_out, seed)
        )
        # The rows below are those of this part already.
        plain.train_dataloader.dataset.pop('part', None)
        loaders = [_loader(plain, rows) for rows in (kept, held)]
        start = Path(work_dir, _START)
        model = _start(plain, start, seed)
        before = [_mean_losses(model, loader, heads) for loader in loaders]
    for head in heads:
        if head in losses:
            continue
        run = _run_config(plain, head, Path(work_dir), epochs, seed)
        run.load_from = str(start)
        run.train_dataloader.dataset.indices = kept
        runner = build_runner(run, calm=True)
        runner.train()
        trained: AVRecognizer = runner.model
        after = [
            _mean_losses(trained, loader, (head,))[head] for loader in loaders
        ]
        losses[head] = HeadLosses(
            before[0][head], after[0], before[1][head], after[1]
        )
        _write(target, settings, losses)
    weights = blend_weights(losses)
    return _write(target, settings, losses, weights)


def settings_of(
    cfg: Config, epochs: int, held_out: float, seed: int
) -> dict[str, Any]:
    """What a measurement rests on; the config as a digest."""
    return {
        'epochs': epochs,
        'held_out': held_out,
        'seed': seed,
        'config': hashlib.sha256(config_text(cfg).encode()).hexdigest(),
    }


def split_rows(
    labels: list[int], held_out: float, seed: int
) -> tuple[list[int], list[int]]:
    """Split rows, each class alike, into those that train and the others.

    Args:
        labels: Class of each row.
        held_out: Share of the second part.
        seed: Of the choice.

    Returns:
        Rows of each part, in order.
    """
    names = [f'{row:09d}' for row in range(len(labels))]
    split = split_samples(
        [(n, str(y), n) for n, y in zip(names, labels, strict=True)],
        {'train': 1 - held_out, 'held out': held_out},
        seed,
    )
    train = [int(n) for n in names if split[n] == 'train']
    return train, [int(n) for n in names if split[n] != 'train']


def _check(cfg: Config, held_out: float) -> None:
    if cfg.model.get('unimodal', 'heads') != 'heads':
        raise ValueError(
            'G-Blend weighs the heads of the modalities, and the model has '
            "none. Write: model=dict(unimodal='heads')"
        )
    if not 0 < held_out < 1:
        raise ValueError(
            f'held_out must be between 0 and 1, got {held_out}. Write: '
            '--held-out 0.2'
        )


def _rows(cfg: Config) -> tuple[list[int], np.ndarray]:
    """Labels of the training set, and its rows for ``indices``."""
    dataset = DATASETS.build(copy.deepcopy(cfg.train_dataloader.dataset))
    if not hasattr(dataset, 'row'):
        raise ValueError(
            f'G-Blend holds samples of the training set out, and a '
            f'{type(dataset).__name__} does not say which it has. Take the '
            "data set without wrapper: dataset=dict(type='AVDataset', ...)"
        )
    labels = [dataset.row(i).label for i in range(len(dataset))]
    if getattr(dataset, 'multi_label', False):
        raise refuse_multi_label('G-Blend', 'method_g_blend = None')
    return labels, dataset.source_rows


def _run_config(
    cfg: Config, head: str, work_dir: Path, epochs: int, seed: int
) -> Config:
    """One head's run; without anything that does not train."""
    run = copy.deepcopy(cfg)
    weights = {FUSION: 0.0, 'unimodal': 0.0, head: 1.0}
    run.model.loss_weights = {
        'all_active': weights,
        'some_active': dict(weights),
    }
    run.train_cfg.max_epochs = epochs
    for key in ('val_cfg', 'val_dataloader', 'val_evaluator'):
        run[key] = None
    run.default_hooks.checkpoint.save_best = None
    for hook in ('gradient_conflict', 'contribution', 'records'):
        run.default_hooks.pop(hook, None)
    run.randomness = {**(run.get('randomness') or {}), 'seed': seed}
    run.work_dir = str(work_dir / head)
    run.experiment_name = f'g_blend_{work_dir.resolve().name}_{head}'
    run.resume = False
    run.launcher = 'none'
    return run


def _pipeline(cfg: Config) -> list[Any]:
    for key in ('val_dataloader', 'test_dataloader'):
        pipeline = ((cfg.get(key) or {}).get('dataset') or {}).get('pipeline')
        if pipeline:
            return list(pipeline)
    raise ValueError(
        'G-Blend measures with the pipeline of val_dataloader (or '
        'test_dataloader), and there is none. Write: val_dataloader = '
        'dict(dataset=dict(pipeline=[...]))'
    )


def _start(cfg: Config, path: Path, seed: int) -> AVRecognizer:
    """The model that all heads start from; also as a file."""
    set_random_seed(seed)
    model: AVRecognizer = MODELS.build(copy.deepcopy(cfg.model))
    if path.is_file():
        load_checkpoint(model, str(path), map_location='cpu', strict=True)
    else:
        model.init_weights()
        if cfg.get('load_from'):
            load_checkpoint(model, cfg.load_from, map_location='cpu')
        content = io.BytesIO()
        torch.save({'state_dict': model.state_dict(), 'meta': {}}, content)
        write_whole(path, content.getvalue())
    model.to(get_device())
    return model


def _loader(cfg: Config, rows: list[int]) -> DataLoader[Any]:
    """Some rows of the training set, without augmentation."""
    train = cfg.train_dataloader
    loader = {
        'batch_size': train.get('batch_size', 1),
        'num_workers': train.get('num_workers', 0),
        'sampler': {'type': 'DefaultSampler', 'shuffle': False},
        'dataset': {
            **copy.deepcopy(train.dataset),
            'pipeline': copy.deepcopy(_pipeline(cfg)),
            'test_mode': True,
            'indices': rows,
        },
    }
    # Of mmengine's registries, which know ours by the scope.
    with DefaultScope.overwrite_default_scope('mmremix'):
        built: DataLoader[Any] = Runner.build_dataloader(loader)
    return built


def _mean_losses(
    model: AVRecognizer, loader: DataLoader[Any], heads: Sequence[str]
) -> dict[str, float]:
    """Mean cross entropy of each head, of the samples that have them all."""

    def compute(
        inputs: Mapping[str, Tensor], active: tuple[str, ...], labels: Tensor
    ) -> Tensor | None:
        scores = model.run(inputs, active).scores
        if not set(heads) <= set(scores):
            return None
        return torch.stack(
            [
                F.cross_entropy(scores[n].float(), labels, reduction='none')
                for n in heads
            ],
            dim=1,
        )

    rows = collect_rows(model, loader, compute, len(heads))
    means = rows.values[rows.seen].mean(dim=0).tolist()
    return dict(zip(heads, means, strict=True))


def _measured(
    target: Path, settings: Mapping[str, Any]
) -> dict[str, HeadLosses]:
    """What was measured before with the same settings."""
    if not target.is_file():
        return {}
    before = json.loads(target.read_text(encoding='utf-8'))
    if before['settings'] != dict(settings):
        raise ValueError(
            f'{target} is of other settings: {before["settings"]}. Name '
            'another folder: --work-dir DIR'
        )
    return {
        head: HeadLosses(**losses) for head, losses in before['losses'].items()
    }


def _write(
    target: Path,
    settings: Mapping[str, Any],
    losses: Mapping[str, HeadLosses],
    weights: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    result: dict[str, Any] = {
        'weights': weights,
        'config': config_line(weights) if weights else None,
        'losses': {head: x._asdict() for head, x in losses.items()},
        'generalization': {n: x.generalization for n, x in losses.items()},
        'overfitting': {n: x.overfitting for n, x in losses.items()},
        'settings': dict(settings),
    }
    write_whole(target, json.dumps(result, indent=2).encode())
    return result
