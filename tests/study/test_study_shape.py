"""Keys of a study that hold another kind of value."""

from __future__ import annotations

import pytest

from mmremix.study.plan import plan
from mmremix.study.study_file import load_study
from mmremix.utils.errors import ConfigError
from tests.demo_run import ROOT

STUDY = {
    'base': repr(str(ROOT / 'configs/joint_demo_concat.py')),
    'methods': 'dict(joint=dict())',
}


def load(folder, **lines):
    path = folder / 'shape.py'
    content = {**STUDY, **lines}
    path.write_text('\n'.join(f'{k} = {v}' for k, v in content.items()))
    return load_study(path)


@pytest.mark.parametrize(
    ('key', 'value', 'says'),
    [
        ('methods', "['joint']", r"methods=\['joint'\].*joint=dict\(\)"),
        ('methods', "'joint'", r'methods = dict\(joint=dict\(\)'),
        ('methods', "dict(joint='a')", 'The method joint .*a dict'),
        ('base', "['a.py']", r"base=\['a.py'\].*base = 'configs"),
        ('options', "['a']", r"options=\['a'\].*options = \{"),
        ('variants', '{}', r'variants=\{\}.*variants = dict\(full='),
        ('variants', "['full']", r"variants=\['full'\]"),
        ('variants', "dict(full=['a'])", r"variants=.*\['a'\]"),
        ('unimodal', "'sound'", "unimodal='sound'.*unimodal = True"),
        ('epochs', '0', 'epochs=0.*epochs = 20'),
        ('epochs', "'8'", "epochs='8'"),
        ('epochs', 'True', 'epochs=True'),
        ('num_workers', "'2'", "num_workers='2'.*num_workers = 0"),
        ('num_workers', '-1', 'num_workers=-1'),
        ('checkpoint_interval', '0', 'checkpoint_interval=0'),
        ('keep', "'yes'", "keep='yes'.*keep = False"),
        ('name', '3', 'name=3'),
        ('name', "'../up'", 'names folders'),
        ('choose_by', '1', 'choose_by=1.*acc/fusion_top1'),
        ('reference', "['joint']", r"reference=\['joint'\]"),
    ],
)
def test_of_the_study(tmp_path, key, value, says):
    with pytest.raises(ConfigError, match=f'(?s){says}'):
        load(tmp_path, **{key: value})


@pytest.mark.parametrize(
    ('key', 'value', 'says'),
    [
        ('options', "['a']", r"options=\['a'\].*joint=dict\(options=\{"),
        ('unimodal', 'True', 'unimodal=True'),
        ('lr_scale', "'2'", r"lr_scale='2'.*joint=dict\(lr_scale=1\.0\)"),
        ('lr_scale', '0', 'lr_scale=0'),
        ('lr_scale', "float('nan')", 'lr_scale=nan'),
        ('only', '3', 'only=3'),
        ('bases', '[1]', r'bases=\[1\]'),
        ('bases', "{'a': 1}", 'bases=.*a list'),
        ('from_unimodal', "'yes'", "from_unimodal='yes'"),
    ],
)
def test_of_a_method(tmp_path, key, value, says):
    methods = f'dict(joint=dict({key}={value}))'
    with pytest.raises(ConfigError, match=f'(?s)method joint.*{says}'):
        load(tmp_path, methods=methods)


def test_a_modality_that_is_none(tmp_path):
    study = load(tmp_path, methods="dict(a=dict(unimodal='sound'))")
    with pytest.raises(ConfigError, match=r"method a.*\['video', 'audio'\]"):
        plan(study, tmp_path, {})


def test_none_is_the_default_where_it_can_be(tmp_path):
    study = load(
        tmp_path,
        methods='dict(joint=dict(unimodal=None, bases=None), other=None)',
        options='None',
        held_out='None',
        choose_by='None',
    )
    assert [m.name for m in study.methods] == ['joint', 'other']
    assert study.choose_by is None
