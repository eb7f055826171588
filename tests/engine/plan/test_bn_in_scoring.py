"""Batch-norm statistics that the scoring pass gathers."""

from __future__ import annotations

import pytest
import torch

from mmremix.apis import build_runner, train
from mmremix.engine import KLScoreHook, load_checkpoint_file
from mmremix.engine.plan.plan_hook import plan_hook
from mmremix.engine.scoring.recalibration import recalibrate_batch_norm
from tests.demo_run import unique_name

OPTION = 'method_remix.plan.bn_recalibration'


def test_they_are_settled_in_checkpoints_and_resume(tiny_config, tmp_path):
    cfg = tiny_config(epochs=3, warmup=1, **{OPTION: 'scoring'})
    cfg.default_hooks.checkpoint.max_keep_ckpts = -1
    runner = build_runner(cfg)
    train(runner)
    whole = {n: v.clone() for n, v in runner.model.state_dict().items()}
    recalibrate_batch_norm(runner.model, plan_hook(runner).dataloader)
    for name, value in runner.model.state_dict().items():
        torch.testing.assert_close(value, whole[name], msg=name)
    # Decided before the checkpoint, for the epoch after it.
    folder = tmp_path / 'work'
    second = load_checkpoint_file(str(folder / 'epoch_2.pth'))
    assert second['plan']['epoch'] == 2
    for path in folder.glob('*3.pth'):
        path.unlink()
    (folder / 'last_checkpoint').write_text(str(folder / 'epoch_2.pth'))
    again = cfg.copy()
    again.resume, again.load_from = True, None
    again.experiment_name = unique_name(tmp_path.name)
    runner = build_runner(again)
    train(runner)
    for name, value in runner.model.state_dict().items():
        assert torch.equal(value, whole[name]), name


@pytest.mark.parametrize(
    ('options', 'says'),
    [
        ({'bn_recalibration': 'always'}, "bn_recalibration='scoring'"),
        ({'interval': 2}, 'interval'),
        ({'subset': 3}, 'subset'),
        ({'scoring': {'fold_bn': True}}, 'fold_bn'),
    ],
)
def test_what_gathers_nothing_is_refused(options, says):
    with pytest.raises(ValueError, match=says):
        KLScoreHook(3, **{'bn_recalibration': 'scoring', **options})
