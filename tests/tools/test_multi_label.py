"""The config of docs/data/multi_label.md, with Remix and joint."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmremix.apis import build_runner, load_config, train
from mmremix.apis.launch import test as run_test
from mmremix.engine import score_dataset
from mmremix.evaluation import MultimodalAccuracy, measure_contribution
from mmremix.records import read_records
from mmremix.remix import kl_to_uniform
from mmremix.utils.errors import ConfigError
from tests.demo_run import ROOT, unique_name
from tests.docs.pages import blocks
from tests.tool_run import run_tool

CODE = [b.code for b in blocks(ROOT / 'docs/data/multi_label.md')]
HOOKS = 'default_hooks = dict(contribution=None, gradient_conflict=None)'


@pytest.fixture
def config(tmp_path, monkeypatch):
    """The config of the page, as a file; with replacements in its text."""
    monkeypatch.chdir(tmp_path)
    exec(next(code for code in CODE if 'np.savez' in code), {})

    def write(*changes):
        text = next(c for c in CODE if c.startswith('# configs/several.py'))
        base = (ROOT / 'configs').as_posix()
        changes = (
            *changes,
            ("'_base_/", f"'{base}/_base_/"),
            ("'several.npz'", repr(str(tmp_path / 'several.npz'))),
            ('max_epochs=8', 'max_epochs=2'),
            ('warmup_epochs=4', 'warmup_epochs=1'),
        )
        for old, new in changes:
            assert old in text or 'warmup' in old, old
            text = text.replace(old, new)
        (tmp_path / 'several.py').write_text(text)
        return tmp_path / 'several.py'

    return write


def build(path, training=True, **options):
    cfg = load_config(str(path)) if not options else None
    if cfg is None:
        raw = Config.fromfile(path)
        raw.merge_from_dict(options)
        cfg = raw
    cfg.work_dir = str(path.parent / 'work')
    cfg.experiment_name = unique_name(path.parent.name)
    cfg.launcher = 'none'
    return build_runner(cfg, training=training)


def test_remix_trains_scores_validates_and_tests(config):
    path = config()
    runner = build(path)
    train(runner)
    hook = next(h for h in runner.hooks if hasattr(h, 'latest'))
    table = hook.latest.table
    assert hook.score.__name__ == 'bernoulli_kl'
    assert ((table.scores >= 0) & (table.scores <= np.log(2))).all()
    assert set(table.accuracy) == {'fusion', 'touch', 'motion'}
    assert all(0 < p < 1 for p in table.true_probability.values())
    records = read_records(str(path.parent / 'work'))
    labels = runner.train_dataloader.dataset.column('label')
    assert labels.shape == (160, 4)
    counts = records.class_count[-1].sum(axis=0)
    np.testing.assert_array_equal(counts, labels.sum(axis=0))
    model = runner.model.eval()
    data = model.data_preprocessor(
        next(iter(runner.val_dataloader)), training=False
    )
    with torch.no_grad():
        output = model.run(data['inputs'])
        found = model.probabilities(output)
        sample = model.predict(data['inputs'], data['data_samples'])[0]
    mean = (output.scores['touch'] + output.scores['motion']) / 2
    torch.testing.assert_close(found['heads'], mean.sigmoid())
    torch.testing.assert_close(
        found['fusion'], output.scores['fusion'].sigmoid()
    )
    assert sample.gt_label.shape == sample.pred_label.shape == (4,)
    best = next((path.parent / 'work').glob('best_multi_label_fusion_mAP*'))
    again = build(path, training=False, load_from=str(best))
    metrics = run_test(again)
    for name in ('fusion', 'touch', 'motion', 'heads'):
        assert 0 < metrics[f'multi_label/{name}_mAP'] <= 1
        assert 0 <= metrics[f'multi_label/{name}_micro_f1'] <= 1
    assert metrics['multi_label/fusion_mAP'] > 0.6  # 0.4 by chance


def test_joint_by_the_tool(config, tmp_path):
    path = config(
        ("    '_base_/methods/remix.py',  # left out: joint training\n", ''),
        ('method_remix = dict(plan=dict(warmup_epochs=4))\n', ''),
    )
    done = run_tool('tools/train.py', path, f'--work-dir={tmp_path / "joint"}')
    assert done.returncode == 0, done.stdout + done.stderr
    logs = next((tmp_path / 'joint').rglob('vis_data/scalars.json'))
    lines = [json.loads(line) for line in logs.read_text().splitlines()]
    values = [
        x['multi_label/fusion_mAP']
        for x in lines
        if 'step' in x and 'multi_label/fusion_mAP' in x
    ]
    assert len(values) == 2
    assert values[-1] > 0.6


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (
            [("type='BinaryCrossEntropy'", "type='CrossEntropy'")],
            "several labels each.*loss=dict\\(type='BinaryCrossEntropy'",
        ),
        (
            [('contribution=None, ', '')],
            'ContributionHook needs one class.*contribution=None',
        ),
        (
            [
                (
                    'contribution=None, gradient_conflict=None',
                    'contribution=None',
                )
            ],
            'GradientConflictHook needs one class.*gradient_conflict=None',
        ),
        (
            [
                (
                    "type='MultiLabelMetric', _delete_=True",
                    "type='MultimodalAccuracy'",
                )
            ],
            "MultimodalAccuracy needs one.*val_evaluator = dict\\(type='Multi",
        ),
        (
            [('warmup_epochs=4', "warmup_epochs=1, score='kl_to_uniform'")],
            "kl_to_uniform does not go with.*score='bernoulli_kl'",
        ),
        (
            [(HOOKS, HOOKS + "\nmethod_ogm = dict(step=dict(type='OGM'))")],
            'OGM needs one class a sample.*method_ogm = None',
        ),
        (
            [(HOOKS, HOOKS + "\ncustom_hooks = [dict(type='ReadoutHook')]")],
            'ReadoutHook needs one class',
        ),
    ],
)
def test_what_needs_one_class_is_refused(config, changes, message):
    with pytest.raises(ConfigError, match=f'(?s){message}'):
        train(build(config(*changes)))


def test_held_out_at_random(config, caplog):
    path = config((HOOKS, HOOKS + '\nheld_out = dict(share=0.25)'))
    runner = build(path)
    train, val = (
        loader.dataset
        for loader in (
            runner.build_dataloader(runner.cfg.train_dataloader),
            runner.build_dataloader(runner.cfg.val_dataloader),
        )
    )
    assert (len(train), len(val)) == (120, 40)
    assert train.multi_label and val.multi_label


def test_passes_and_subsets_for_one_class_are_refused(config):
    runner = build(config(), training=False)
    loader = runner.build_dataloader(runner.cfg.test_dataloader)
    with pytest.raises(ConfigError, match='needs one class a sample'):
        measure_contribution(runner.model, loader)
    with pytest.raises(ConfigError, match="score='bernoulli_kl'"):
        score_dataset(runner.model, loader, ('touch',), kl_to_uniform)
    data = runner.model.data_preprocessor(next(iter(loader)), training=False)
    runner.model.subsets = [('touch',)]
    with pytest.raises(ConfigError, match='no --subsets'):
        runner.model.predict(data['inputs'], data['data_samples'])
    metric = MultimodalAccuracy()
    runner.model.subsets = []
    samples = runner.model.predict(data['inputs'], data['data_samples'])
    with pytest.raises(ConfigError, match='MultiLabelMetric'):
        metric.process(None, [sample.to_dict() for sample in samples])
