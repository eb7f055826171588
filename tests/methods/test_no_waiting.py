"""No step of a method waits for the device, but those that say so."""

from __future__ import annotations

import pytest

from mmremix.methods import Clock
from tests.methods import kit

PLAIN = {
    'joint': {},
    'remix': {'active': lambda i: (('video', 'audio')[i % 2],)},
}
CASES = {**PLAIN, **kit.all_cases()}
# Their combination of gradients is solved on the CPU.
WAIT = ()


@pytest.mark.parametrize('name', sorted(CASES))
def test_train_step(name):
    """Tensors without data have nothing that a step could read.

    Whatever would make the process wait, be it item(), tolist(), cpu(), a
    condition or a choice of rows, is an error on them.
    """
    case = CASES[name]
    model = kit.make_model(case).train().to('meta')
    steps_with = kit.make_wrapper(model)
    steps_with.attach(model)
    for method in model.methods.values():
        method.check(model)
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
