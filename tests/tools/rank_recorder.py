"""A hook that keeps what each rank trained on; named by a test's config."""

from __future__ import annotations

from pathlib import Path

import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook

from mmremix.engine.plan.plan_hook import plan_hook
from mmremix.registry import HOOKS


@HOOKS.register_module()
class RankRecorder(Hook):
    """Writes ``rank<i>.pt``: batches, assignments and final weights."""

    priority = 'LOWEST'

    def before_train(self, runner):
        self.epochs = []

    def before_train_epoch(self, runner):
        assignments = plan_hook(runner).decision['assignments']
        self.epochs.append({'assignments': assignments, 'steps': []})

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        samples = [s.metainfo for s in data_batch['data_samples']]
        self.epochs[-1]['steps'].append(
            {
                'active': [s['active_modalities'] for s in samples],
                'indices': [s['sample_idx'] for s in samples],
            }
        )

    def after_train(self, runner):
        model = getattr(runner.model, 'module', runner.model)
        content = {'epochs': self.epochs, 'weights': model.state_dict()}
        torch.save(content, Path(runner.work_dir, f'rank{get_rank()}.pt'))
