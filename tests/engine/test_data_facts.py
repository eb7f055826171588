"""A resumed run is refused if its data are not those of the checkpoint."""

from __future__ import annotations

import csv
import shutil

import pytest
from mmengine.hooks import Hook

from mmremix.apis import build_runner
from mmremix.datasets import AVDataset
from mmremix.engine.data_facts import DataFacts, check_same_data


@pytest.fixture
def data(demo_root, tmp_path):
    """A copy of the demo data, to be changed."""
    return shutil.copytree(demo_root, tmp_path / 'data')


def dataset(root, **kwargs):
    return AVDataset(
        data_root=str(root),
        ann_file='train.csv',
        classes='classes.txt',
        **kwargs,
    )


def edit(root, change):
    path = root / 'train.csv'
    with path.open(newline='') as stream:
        rows = list(csv.DictReader(stream))
    change(rows)
    with path.open('w', newline='') as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def swap_labels(rows):
    first = rows[0]['label']
    other = next(r for r in rows if r['label'] != first)
    rows[0]['label'], other['label'] = other['label'], first


def refused(stored, changed, message):
    with pytest.raises(ValueError, match=message):
        check_same_data(stored, changed)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda rows: rows.reverse(), r'the same, but in another order'),
        (lambda rows: rows.pop(), r'samples: 26 in the check.*, 25 now'),
        (lambda rows: rows[0].update(rows[1]), r'other clips or segments'),
        (swap_labels, r'the same rows have other labels'),
    ],
)
def test_other_rows(data, change, message):
    stored = DataFacts.of(dataset(data)).state_dict()
    check_same_data(stored, dataset(data))
    edit(data, change)
    refused(stored, dataset(data), message)


def test_other_classes(data):
    stored = DataFacts.of(dataset(data)).state_dict()
    names = (data / 'classes.txt').read_text().split()
    (data / 'classes.txt').write_text('\n'.join(names[1:] + names[:1]))
    refused(stored, dataset(data), r'classes: .* in the checkpoint')


def test_a_moved_data_set_is_the_same(data, demo_root):
    check_same_data(DataFacts.of(dataset(data)).state_dict(), dataset(data))
    stored = DataFacts.of(dataset(demo_root)).state_dict()
    check_same_data(stored, dataset(data))


def test_other_data_sets_than_ours_are_not_looked_at():
    check_same_data({'version': 9}, [1, 2, 3])


def test_state_dict():
    facts = DataFacts(('a', 'b'), ('x',), 3, 'c', 's', 'l')
    assert DataFacts.from_state_dict(facts.state_dict()) == facts
    with pytest.raises(ValueError, match='version 9'):
        DataFacts.from_state_dict({**facts.state_dict(), 'version': 9})


class StopAfterOne(Hook):
    """Stops in the warm-up, before anything was scored."""

    def before_train_epoch(self, runner):
        if runner.epoch == 1:
            raise KeyboardInterrupt


def test_refused_before_weights_are_loaded(tiny_config):
    """Also in the warm-up; but other data are welcome for a new run."""

    def config(**more):
        cfg = tiny_config(epochs=3, warmup=2, **more)
        cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
        cfg.default_hooks.checkpoint.save_best = None
        return cfg

    runner = build_runner(config())
    runner.register_hook(StopAfterOne())
    with pytest.raises(KeyboardInterrupt):
        runner.train()
    cfg = config(resume=True, **{'model.encoders.video': None})
    cfg.train_dataloader.dataset.modalities = ['audio']
    message = r"modalities: \['video', 'audio'\] in the .*\['audio'\] now"
    with pytest.raises(ValueError, match=message):
        build_runner(cfg).train()
    cfg.resume, cfg.load_from = False, f'{runner.work_dir}/epoch_1.pth'
    runner = build_runner(cfg)
    runner.register_hook(StopAfterOne())
    with pytest.raises(KeyboardInterrupt):
        runner.train()
