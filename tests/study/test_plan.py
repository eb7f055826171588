from __future__ import annotations

import pytest
from mmengine.config import Config

from mmremix.study.plan import plan
from mmremix.study.study_file import load_study
from mmremix.utils.errors import ConfigError
from tests.demo_run import ROOT

DEMO = ROOT / 'configs/studies/demo.py'
STUDIES = sorted((ROOT / 'configs/studies').rglob('[!_]*.py'))


@pytest.mark.parametrize('path', STUDIES, ids=lambda path: path.stem)
def test_studies_of_the_repository_can_be_planned(path, tmp_path):
    study = load_study(path)
    tasks = plan(study, tmp_path, {})
    per_method = {}
    for task in tasks:
        place = task.record['setting'], task.record['method']
        per_method[place] = per_method.get(place, 0) + 1
    # The same number of tries for every method.
    each = len(study.seeds) * len(study.learning_rates)
    assert set(per_method.values()) == {each}
    assert len({task.work_dir for task in tasks}) == len(tasks)


def test_folds_go_with_the_seed(tmp_path):
    study = load_study(DEMO, {'seeds': [0, 6], 'methods.remix.lr_scale': 0.1})
    tasks = plan(study, tmp_path, {'torch': '9'})
    remix = [t for t in tasks if t.record['method'] == 'remix']
    assert [t.record['fold'] for t in remix] == [0, 0, 1, 1]
    assert remix[-1].options['held_out'] == {'folds': 5, 'fold': 1}
    assert remix[0].options['optim_wrapper.optimizer.lr'] == 1e-4
    assert remix[0].record['lr'] == 1e-3
    assert remix[0].record['torch'] == '9'
    alone = {t.record['modality'] for t in tasks if 'modality' in t.record}
    assert alone == {'video', 'audio'}


def test_hash_is_of_what_changes_results(tmp_path):
    def configs(**options):
        study = load_study(DEMO, {'seeds': [0], **options})
        return {
            t.record['method']: t.record['config']
            for t in plan(study, tmp_path, {})
        }

    before = configs()
    moved = configs(
        **{'options.train_dataloader.dataset.data_root': '/elsewhere'}
    )
    assert moved == before
    other = configs(**{'methods.remix.options': {'model.mask': 'feature'}})
    assert other.pop('remix') != before.pop('remix')
    assert other == before
    assert not set(configs(epochs=5).values()) & set(before.values())


@pytest.mark.parametrize(
    ('options', 'says'),
    [
        ({'seed': [0]}, 'seeds'),
        ({'seeds': 3}, r'seeds = \[0'),
        ({'learning_rates': ['x']}, 'different numbers'),
        ({'learning_rates': [float('nan')]}, 'different numbers'),
        ({'seeds': [0, 'a']}, 'different numbers'),
        ({'methods.remix.only': 'full'}, r"only=\['full'\]"),
        ({'methods.remix.only': ['ful']}, "only=.'ful'.*settings are"),
        ({'methods': {'unimodal_video': {}}}, 'called unimodal_video'),
        ({'methods.joint.base': 'x'}, 'bases'),
        ({'reference': 'nobody'}, "reference = 'joint'"),
        ({'held_out': {'folds': 5, 'fold': 1}}, 'held_out = dict'),
        ({'methods': {'a/b': {}}}, 'names folders'),
        ({'base': 'nowhere.py'}, 'nowhere.py'),
    ],
)
def test_mistakes_are_named(options, says):
    with pytest.raises(ConfigError, match=says):
        load_study(DEMO, options)


def test_a_method_that_the_base_turns_off_can_be_compared(tmp_path):
    base = tmp_path / 'base.py'
    remix = ROOT / 'configs/remix_demo_concat.py'
    base.write_text(f'_base_ = [{str(remix)!r}]\nmethod_remix = None\n')
    study = load_study(DEMO, {'base': str(base), 'seeds': [0]})
    kinds = {
        task.record['method']: Config.fromfile(task.config).get('custom_hooks')
        for task in plan(study, tmp_path / 'runs', {})
    }
    assert [hook.type for hook in kinds['remix']] == ['KLScoreHook']
    assert not kinds['joint']


def test_options_that_change_nothing_are_refused(tmp_path):
    study = load_study(DEMO, {'options.optimizer.lr': 1.0})
    with pytest.raises(ConfigError, match='optimizer'):
        plan(study, tmp_path, {})


def test_a_study_without_held_out_samples_is_refused(tmp_path):
    options = {'held_out': None, 'options': {'val_dataloader': None}}
    with pytest.raises(ConfigError, match='held_out = dict'):
        plan(load_study(DEMO, options), tmp_path, {})


def test_the_study_of_the_page_can_be_planned(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    page = (ROOT / 'docs/study.md').read_text()
    path = tmp_path / 'page.py'
    path.write_text(page.split('```python\n')[1].split('```')[0])
    tasks = plan(load_study(path), tmp_path, {})
    assert len(tasks) == 2 * 5 * 5 * 2
    assert {t.record['setting'] for t in tasks} == {'full', 'small'}
