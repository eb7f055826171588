"""A run that was stopped and resumed ends like one that was not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mmremix.apis import build_runner
from tests.engine.method_run import Stop, tensors


@pytest.mark.parametrize('stopped_in', [1, 3])
def test_bit_identical(tiny_config, stopped_in):
    """Weights, optimiser, scores and assignments; in warm-up and remix."""

    def config(name, **kwargs):
        cfg = tiny_config(epochs=4, warmup=2, **kwargs)
        cfg.work_dir += name
        return cfg

    undisturbed = build_runner(config('a'))
    undisturbed.train()
    stopped = build_runner(config('b'))
    stopped.register_hook(Stop(stopped_in))
    with pytest.raises(KeyboardInterrupt):
        stopped.train()
    # Workers must not matter either.
    resumed = build_runner(
        config('b', resume=True, **{'train_dataloader.num_workers': 2})
    )
    resumed.train()
    final = [
        torch.load(Path(r.work_dir, 'epoch_4.pth'), weights_only=True)
        for r in (undisturbed, resumed)
    ]
    for part in ('state_dict', 'optimizer', 'plan'):
        one, other = (tensors(checkpoint[part]) for checkpoint in final)
        assert one.keys() == other.keys() and one
        for name, tensor in one.items():
            assert torch.equal(tensor, other[name]), part + name


def test_the_number_of_workers_does_not_matter(tiny_config):
    """Bit-identical weights and scores with none and with two."""

    def run(workers):
        cfg = tiny_config(
            epochs=2,
            warmup=1,
            **{
                'train_dataloader.num_workers': workers,
                'train_dataloader.persistent_workers': workers > 0,
            },
        )
        cfg.work_dir += str(workers)
        runner = build_runner(cfg)
        runner.train()
        path = Path(runner.work_dir, 'epoch_2.pth')
        return torch.load(path, weights_only=True)

    none, two = run(0), run(2)
    for part in ('state_dict', 'optimizer', 'plan'):
        one, other = tensors(none[part]), tensors(two[part])
        assert one.keys() == other.keys() and one
        for name, tensor in one.items():
            assert torch.equal(tensor, other[name]), part + name
