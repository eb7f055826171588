"""No step of a method waits for the device, but those that say so."""

from __future__ import annotations

import pytest
import torch

from mmremix.methods import Clock
from tests.methods import kit

PLAIN = {
    'joint': {},
    'remix': {'active': lambda i: (('video', 'audio')[i % 2],)},
}
CASES = {**PLAIN, **kit.all_cases()}
WAITS = {
    # A weighting solves a small problem on the CPU.
    'gramian': NotImplementedError,
    # Once an epoch, to learn which encoders are held.
    'inforeg': RuntimeError,
}


@pytest.fixture(autouse=True)
def generators(monkeypatch):
    """There is none for tensors without data."""
    make, draw = torch.Generator, torch.randn

    def randn(*size, device='cpu', **options):
        if torch.device(device).type == 'meta':
            return torch.empty(*size, device=device)
        return draw(*size, **options)

    monkeypatch.setattr(torch, 'Generator', lambda *device: make())
    monkeypatch.setattr(torch, 'randn', randn)


def take_steps(case):
    model = kit.make_model(case).train()
    for method in model.methods.values():
        method.check(model)
    model.to('meta')
    for method in model.methods.values():
        # UMT's are no part of the model.
        for teacher in getattr(method, '_teachers', {}).values():
            teacher.to('meta')
    steps_with = kit.make_wrapper(model)
    steps_with.attach(model)
    for iteration in range(3):
        for method in model.methods.values():
            method.set_clock(Clock(iteration // 2, 3, iteration, seed=5))
        active = case.get('active', lambda iteration: None)
        names = active(iteration) or model.modalities
        loaded = model.modalities if case.get('loads_masked') else names
        batch = kit.make_batch(iteration, names, loaded=loaded)
        log = model.train_step(batch, steps_with)
        assert log['loss'].device.type == 'meta'
        with pytest.raises(RuntimeError):
            log['loss'].item()


@pytest.mark.parametrize('name', sorted(CASES))
def test_train_step(name):
    """Tensors without data have nothing that a step could read.

    Whatever would make the process wait, be it item(), tolist(), cpu(), a
    condition or a choice of rows, is an error on them.
    """
    error = WAITS.get(name.partition('_')[0])
    if error is None:
        take_steps(CASES[name])
        return
    with pytest.raises(error, match='meta tensor'):
        take_steps(CASES[name])
