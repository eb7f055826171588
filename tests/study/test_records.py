from __future__ import annotations

import json
import re
import threading

import pytest

from mmremix.study.records import add_records, merge, read_records
from mmremix.utils.errors import ConfigError
from tests.demo_run import ROOT
from tests.study.kit import lost, record


def test_runs_that_are_done_win_then_later_ones():
    failed = lost(finished='2031')
    done = record(test=0.7)
    assert merge([done], [failed]) == merge([failed], [done]) == [done]
    later = record(test=0.8, finished='2032')
    assert merge([done], [later]) == [later]
    # Another config, rate or seed is another run.
    others = [record(config='x'), record(lr=0.1), record(seed=1)]
    assert len(merge([done], others)) == 4


def test_files_of_two_machines_and_writers_merge(tmp_path):
    path = tmp_path / 'results' / 'study.json'
    threads = [
        threading.Thread(
            target=lambda n=n: add_records(path, [record(seed=n)])
        )
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [r['seed'] for r in read_records(path)] == list(range(8))
    text = path.read_text()
    # A record a line, and nothing left beside it but the lock.
    assert len(text.splitlines()) == 10
    assert {p.name for p in path.parent.iterdir()} == {
        'study.json',
        '.study.json.lock',
    }
    add_records(path, [record(seed=3)])
    assert path.read_text() == text


@pytest.mark.parametrize(
    'text', ['{"a": 1}', 'no json', json.dumps([{'study': 's'}])]
)
def test_other_files_are_refused(tmp_path, text):
    path = tmp_path / 'other.json'
    path.write_text(text)
    with pytest.raises(ConfigError, match=r'other\.json'):
        read_records(path)


def without(*names, **more):
    return {k: v for k, v in record(**more).items() if k not in names}


@pytest.mark.parametrize(
    ('odd', 'says'),
    [
        ({}, 'has no study'),
        (3, 'is no record'),
        (None, 'is no record'),
        (record(seed='1'), "seed is '1', and a whole number"),
        (record(seed=None), 'seed is None'),
        (record(seed=True), 'seed is True'),
        (record(method=None), 'method is None'),
        (record(config=3), 'config is 3'),
        (record(lr=None), 'lr is None'),
        (record(status='doen'), "status is 'doen'"),
        (without('status'), 'status is None'),
        (without('accuracy'), 'accuracy is None'),
        (record(accuracy={'test': {'fusion': 1.0}}), 'accuracy.held_out'),
        (record(test={'heads': 0.5}), 'accuracy.test.fusion is None'),
        (record(test=float('nan')), 'accuracy.test.fusion is nan'),
        (record(held_out={'fusion': 0.5, 'heads': 'x'}), 'held_out.heads is'),
        (without('steps'), 'steps is None'),
        (record(passes=[1]), r'passes is \[1\]'),
        (record(passes={'video': 'many'}), 'passes.video is'),
        (record(seconds='2'), "seconds is '2'"),
    ],
)
@pytest.mark.parametrize('indent', [None, 1])
def test_an_odd_record_is_named_with_its_line(tmp_path, odd, says, indent):
    path = tmp_path / 'study.json'
    good = [record(), record(seed=1)]
    path.write_text(
        '[\n'
        + ',\n'.join(json.dumps(r, indent=indent) for r in [*good, odd])
        + '\n]\n'
    )
    before = path.read_text()
    line = before[: before.rindex(json.dumps(odd, indent=indent))].count('\n')
    with pytest.raises(ConfigError) as error:
        add_records(path, [record(seed=5)])
    text = str(error.value)
    assert text.startswith(f'{path}, line {line + 1}: ')
    assert re.search(says, text), text
    # Nothing is lost: it can be mended.
    assert path.read_text() == before


def test_records_of_the_repository_can_be_read():
    files = sorted((ROOT / 'docs/_results').glob('*.json'))
    assert len(files) > 3
    for file in files:
        read_records(file)
