"""The tables of results are those of the files of results."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from draw_results import FUSED, JOINT, REMIX, draw, panels
from make_results import (
    ANSWERS,
    CHOICES,
    FOLDER,
    PICTURE,
    README,
    SHORT_RUNS,
    TARGET,
    all_records,
    answers,
    chosen,
    drawn,
    renewed,
    tables,
)
from readme_results import behind, readme_table, with_results

from mmremix.study.records import read_records
from mmremix.study.rows import make_rows


@pytest.fixture(scope='module')
def records():
    return all_records()


def test_the_tables_are_the_tools():
    assert TARGET.read_text(encoding='utf-8') == tables()
    assert ANSWERS.read_text(encoding='utf-8') == answers()


def test_the_readme_is_the_tools():
    text = README.read_text(encoding='utf-8')
    assert renewed(text) == text


def test_the_picture_is_the_tools(records):
    text = draw(panels(drawn(records)))
    assert PICTURE.read_text(encoding='utf-8') == text
    root = ElementTree.fromstring(text)
    words = ''.join(root.itertext())
    # For those who do not see it.
    assert root.get('role') == 'img' and 'Test accuracy. ' in words
    assert 'prefers-color-scheme: dark' in words


def made(method, seed, test, **more):
    return {
        **{'study': 'made', 'setting': 'full', 'method': method},
        **{'seed': seed, 'lr': 0.1, 'config': 'c', 'status': 'done'},
        **{'steps': 1, 'passes': {'a': 1}, 'seconds': 1, 'fold': 0},
        **{'accuracy': {'held_out': test, 'test': test, 'train': test}},
        **more,
    }


def test_wins_and_losses_alike():
    found = [
        record
        for seed in range(5)
        for record in (
            made('joint', seed, {'fusion': 0.5 + seed / 100, 'a': 0.2}),
            made('remix', seed, {'fusion': 0.3 + seed / 100, 'a': 0.4}),
            made('opm', seed, {'fusion': 0.7 + seed / 100, 'a': 0.4}),
            made('random', seed, {'fusion': 0.9}),
            made('unimodal_a', seed, {'fusion': 0.3}, modality='a'),
        )
    ]
    # What has failed is shown, what has too few seeds is not.
    found.append(made('mla', 0, {}, status='failed'))
    found.append(made('pmr', 0, {'fusion': 0.9}))
    rows = make_rows(found, 'joint')
    lines = readme_table(rows).splitlines()
    assert lines[2] == '| joint | 52.0 |'
    assert lines[3] == '| opm | 72.0 (**+20.0**) |'
    assert '| remix | 32.0 (**-20.0**) |' in lines
    assert '| mla | failed |' in lines
    assert not any('random' in line for line in lines)  # a control
    assert not any('pmr' in line for line in lines)
    (panel,) = panels(found)
    assert list(panel.rows) == ['a', FUSED]
    assert panel.rows[FUSED][REMIX] == pytest.approx(0.32)
    assert panel.rows['a'][JOINT] == pytest.approx(0.2)
    assert '1 of 1 modalities end behind' in behind([panel])
    with pytest.raises(ValueError, match='end of results'):
        with_results('no marks', rows, [panel])


def test_every_study_has_its_config():
    studies = FOLDER.parents[1] / 'configs' / 'studies'
    for file in FOLDER.rglob('*.json'):
        if file == SHORT_RUNS:
            continue
        place = file.relative_to(FOLDER).with_suffix('.py')
        assert (studies / place).is_file()


def test_what_auto_chose_is_the_tools(records):
    assert CHOICES.read_text(encoding='utf-8') == chosen()
    known = {(r['study'], r['setting']) for r in records}
    tried = {(r['study'], r['setting']) for r in read_records(SHORT_RUNS)}
    assert tried and tried <= known
