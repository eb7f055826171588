from __future__ import annotations

import json
import threading

import pytest

from mmremix.study.records import add_records, merge, read_records
from mmremix.utils.errors import ConfigError
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
