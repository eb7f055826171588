"""Runs of milliseconds that show what a method does to the weights.

A *case* is a dict: ``methods`` (as in the model's config), and optionally
``fusion``, ``encoder`` (a type), ``encoders`` (options of each modality's),
``modalities`` (2), ``model`` (more of its options), ``active``, a function
from the iteration to the names of the modalities kept, and ``loads_masked``,
whether the others are in the batch too.
"""

from __future__ import annotations

import importlib
import pkgutil
import tempfile
from pathlib import Path

import torch
from mmaction.structures import ActionDataSample
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import DefaultScope
from torch import nn

from mmremix.methods import Clock
from mmremix.models import AVRecognizer
from mmremix.registry import MODELS, OPTIM_WRAPPERS

NAMES = ('video', 'audio', 'touch')
SIZE, CLASSES, BATCH = 6, 3, 8


@MODELS.register_module(force=True)
class TinyEncoder(nn.Module):
    """Two layers without batch norm: two ranks can equal one."""

    def __init__(self, out_channels=5):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(SIZE, 7), nn.Tanh(), nn.Linear(7, out_channels)
        )
        self.out_channels = out_channels

    def forward(self, x):
        return self.layers(x)


@MODELS.register_module(force=True)
class TinyTokens(TinyEncoder):
    """A map of two places a sample."""

    def forward(self, x):
        x = super().forward(x)
        return torch.stack([x, x.roll(1, 1).tanh()], dim=2)


@MODELS.register_module(force=True)
class StagedEncoder(nn.Module):
    """Two stages, for a fusion between them; without batch norm too."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Linear(SIZE, 7), nn.Tanh())
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Linear(*sizes), nn.Tanh())
            for sizes in ((7, 6), (6, 5))
        )
        self.stage_channels = (6, 5)
        self.out_channels = 5

    def forward(self, x):
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        return x


def make_model(case=None, seed=0):
    """The model of a case, the same for the same seed."""
    case = case or {}
    torch.manual_seed(seed)
    names = NAMES[: case.get('modalities', 2)]
    return AVRecognizer(
        encoders={
            name: {
                'type': case.get('encoder', 'TinyEncoder'),
                **case.get('encoders', {}).get(name, {}),
            }
            for name in names
        },
        fusion=case.get('fusion', {'type': 'ConcatFusionHead'}),
        num_classes=CLASSES,
        methods=case.get('methods', {}),
        **case.get('model', {}),
    )


def make_batch(iteration, names, rank=0, world=1, size=BATCH, loaded=None):
    """This rank's part of the batch of a step, with something to learn."""
    loaded = loaded or names
    generator = torch.Generator().manual_seed(1000 + iteration)
    labels = torch.randint(0, CLASSES, (size,), generator=generator)
    inputs = {
        name: torch.randn(size, SIZE, generator=generator) for name in NAMES
    }
    for strength, name in enumerate(NAMES):
        # The first modality tells more of the class than the others.
        inputs[name][:, :CLASSES] += (2.0 - 0.7 * strength) * torch.eye(
            CLASSES
        )[labels]
    rows = range(rank, size, world)
    samples = []
    for row in rows:
        sample = ActionDataSample().set_gt_label(int(labels[row]))
        sample.set_metainfo(
            {
                'sample_idx': row,
                'active_modalities': names,
                'loaded_modalities': loaded,
            }
        )
        samples.append(sample)
    return {
        'inputs': {n: [inputs[n][row] for row in rows] for n in loaded},
        'data_samples': samples,
    }


def make_wrapper(model, wrapper='OptimWrapper', lr=0.1, **options):
    optimizer = torch.optim.SGD(model.parameters(), lr, momentum=0.9)
    with DefaultScope.overwrite_default_scope('mmremix'):
        return OPTIM_WRAPPERS.build(
            {'type': wrapper, 'optimizer': optimizer, **options}
        )


def train(
    case=None,
    *,
    steps=6,
    rank=0,
    world=1,
    stop_at=None,
    wrapper='OptimWrapper',
    **options,
):
    """Train a case; returns the model, and the losses of each step.

    With ``stop_at``, everything is thrown away after so many steps and built
    anew from a saved state.
    """
    case = case or {}
    active = case.get('active', lambda iteration: None)
    logs = []

    def start():
        model = make_model(case).train()
        wrapped = model
        if world > 1:
            wrapped = MMDistributedDataParallel(
                model,
                device_ids=None,
                find_unused_parameters=True,
                broadcast_buffers=False,
            )
        steps_with = make_wrapper(model, wrapper, **options)
        steps_with.attach(model)
        for method in model.methods.values():
            method.check(model)
        return model, wrapped, steps_with

    model, wrapped, steps_with = start()
    for iteration in range(steps):
        if iteration == stop_at:
            saved = model.state_dict(), steps_with.state_dict()
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, 'state.pth')
                torch.save(saved, path)
                saved = torch.load(path, weights_only=True)
            model, wrapped, steps_with = start()
            model.load_state_dict(saved[0])
            steps_with.load_state_dict(saved[1])
        for method in model.methods.values():
            method.set_clock(Clock(iteration // 2, 3, iteration, seed=5))
        names = active(iteration) or model.modalities
        loaded = model.modalities if case.get('loads_masked') else names
        batch = make_batch(iteration, names, rank, world, loaded=loaded)
        log = wrapped.train_step(batch, steps_with)
        for name, method in model.methods.items():
            records = method.take_records()
            log.update({f'{name}/{k}': v for k, v in records.items()})
        logs.append({k: float(v.detach()) for k, v in log.items()})
    return model, logs


def weights(model):
    return {k: v.detach().clone() for k, v in model.state_dict().items()}


def assert_same(one, other, exact=True, ignore='methods.'):
    """Two state dicts, apart from the state of the methods, are equal."""
    one, other = (
        {k: v for k, v in s.items() if not ignore or not k.startswith(ignore)}
        for s in (one, other)
    )
    assert one.keys() == other.keys() and one
    for name, value in one.items():
        if exact:
            assert torch.equal(value, other[name]), name
        else:
            torch.testing.assert_close(
                other[name], value, rtol=1e-4, atol=1e-6, msg=name
            )


def all_cases():
    """Those of every module in ``tests/methods/cases``, by name."""
    import tests.methods.cases as package

    found = {}
    for module in pkgutil.iter_modules(package.__path__):
        cases = importlib.import_module(f'{package.__name__}.{module.name}')
        found.update(cases.CASES)
    return found


def rank_main(rank, world, folder, names):
    """One of several ranks: trains cases and saves the weights of each."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        'gloo',
        init_method=f'file://{folder}/init',
        rank=rank,
        world_size=world,
    )
    cases = all_cases()
    for name in names:
        model, _ = train(cases[name], rank=rank, world=world)
        torch.save(weights(model), Path(folder, f'{name}.{rank}.pth'))
    torch.distributed.destroy_process_group()
