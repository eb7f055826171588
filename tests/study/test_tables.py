from __future__ import annotations

import csv

import pytest

from mmremix.study.choose import chosen_runs
from mmremix.study.rows import choose_readout, make_rows
from mmremix.study.statistics import paired
from mmremix.study.write_tables import hits, write_tables
from mmremix.utils.errors import ConfigError
from tests.study.kit import lost, record


def test_learning_rate_is_chosen_by_held_out_samples():
    better_on_test = [record(seed=s, test=0.9, held_out=0.4) for s in (0, 1)]
    better_held_out = [
        record(seed=s, lr=0.1, test=0.3, held_out=0.6) for s in (0, 1)
    ]
    chosen = chosen_runs([*better_on_test, *better_held_out])
    assert {r['lr'] for r in chosen} == {0.1}
    # A lucky seed alone, or a rate at which others diverge, is not chosen.
    lucky = [record(seed=0, lr=0.2, held_out=1.0)]
    unstable = [
        record(seed=0, lr=0.3, held_out=0.9),
        lost(seed=1, lr=0.3, status='diverged'),
    ]
    chosen = chosen_runs([*better_held_out, *lucky, *unstable])
    assert {r['lr'] for r in chosen} == {0.1}


def test_an_older_config_does_not_count():
    old = [record(seed=s, config='old', held_out=1.0) for s in (0, 1)]
    new = [record(seed=0, finished='2031')]
    assert chosen_runs([*old, *new]) == new


def test_readout_is_chosen_over_the_folds():
    def run(seed, fold, fusion, heads):
        return record(
            seed=seed,
            fold=fold,
            held_out={'fusion': fusion, 'heads': heads},
            test={'fusion': 0.5, 'heads': 0.5},
        )

    # By runs the fused head is ahead, by folds the sum of heads.
    runs = [run(0, 0, 0.8, 0.6), run(1, 0, 0.8, 0.6), run(2, 1, 0.5, 0.8)]
    assert choose_readout(runs) == 'heads'
    # A tie goes to the fused head.
    assert choose_readout([run(0, 0, 0.5, 0.5)]) == 'fusion'


def test_paired_difference_and_its_intervals():
    # Differences 1, 2, 3: mean 2, s = 1, t(2) = 4.303.
    found = paired({0: 2, 1: 4, 2: 6, 7: 9}, {0: 1, 1: 2, 2: 3, 8: 0})
    assert (found.mean, found.n) == (2, 3)
    assert found.t == pytest.approx((2 - 2.4841, 2 + 2.4841), abs=1e-4)
    assert found.bootstrap == (1, 3)
    assert found.verdict == 'level'
    assert paired({0: 1.0}, {0: 0.5}).t is None
    assert paired({0: 1.0}, {1: 0.5}) is None


@pytest.fixture
def records():
    """Three seeds of a reference, of a method and of two modalities."""
    found = []
    for seed in range(3):
        base = 0.50 + 0.01 * seed
        heads = {'fusion': base, 'heads': base + 0.02, 'video': 0.2}
        found += [
            record(
                seed=seed, test={**heads, 'pool': base + 0.03}, held_out=heads
            ),
            record(
                'every',
                seed,
                test=base + 0.10 + 0.001 * seed,
                steps=20,
                passes={'video': 150, 'audio': 150},
            ),
            record(
                'unimodal_audio',
                seed,
                test=0.9,
                held_out=0.3,
                modality='audio',
            ),
            record(
                'unimodal_video',
                seed,
                test=0.1,
                held_out=0.4,
                modality='video',
            ),
            lost('every', seed, 'diverged', lr=0.1),
        ]
    return [*found, lost('every', 3, lr=0.1), lost('broken', 0)]


def test_table_is_exact(records, tmp_path):
    text = write_tables(records, tmp_path, 'joint')
    assert (tmp_path / 'tables.md').read_text() == text
    with (tmp_path / 'tables.csv').open() as file:
        rows = {(r['method'], r['read-out']): r for r in csv.DictReader(file)}
    joint = rows['joint', 'fused']
    assert (joint['test'], joint['SD'], joint['runs']) == ('51.0', '1.0', '3')
    assert joint['difference'] == '' and joint['passes'] == '1.00'
    assert rows['joint', 'sum of heads']['difference'] == '+2.0'
    assert rows['joint', 'pool']['difference'] == '+3.0'
    assert rows['joint', 'chosen']['chosen'] == 'heads'
    assert rows['joint', 'chosen']['test'] == '53.0'
    assert rows['every', 'fused'] == {
        'setting': 's/full',
        'method': 'every',
        'read-out': 'fused',
        'test': '61.1',
        'SD': '1.1',
        'difference': '+10.1',
        '95 % (t)': '[+9.9, +10.3]',
        '95 % (bootstrap)': '[+10.0, +10.2]',
        'held-out': '50.0',
        'lr': '0.001',
        'runs': '3',
        'failed': '1',
        'diverged': '3',
        'steps': '20',
        'passes': '1.50',
        'seconds': '2',
        'equal budget': 'no',
        'chosen': '',
        'folds': '',
    }
    # By held-out samples, though the other is better on test.
    assert rows['best single modality', 'fused']['chosen'] == 'video'
    assert rows['best single modality', 'fused']['test'] == '10.0'
    # What failed is a row, not left out.
    assert rows['broken', 'fused']['failed'] == '1'
    assert rows['broken', 'fused']['runs'] == '0'
    line = next(x for x in text.splitlines() if x.startswith('| every | f'))
    assert line.startswith('| every | fused | 61.1 | 1.1 | +10.1 | [+9.9, ')


def test_page_holds_tables_and_pictures(records, tmp_path):
    write_tables(records, tmp_path, 'joint')
    page = (tmp_path / 'index.html').read_text()
    assert page.count('<svg') == 1 and '[+9.9, +10.3]' in page
    # Hidden where budgets must be equal; no file beside it, no script.
    assert '<tr class="more"><td>every</td>' in page
    assert '<script' not in page and 'http' not in page


def test_hits_count_settings(records):
    worse = [
        {**r, 'setting': 'tenth'} for r in records if r['method'] == 'joint'
    ]
    worse += [
        record('every', s, test=0.1 * (s + 1), setting='tenth')
        for s in range(3)
    ]
    counted = {
        tuple(line[:2]): line[2:]
        for line in hits(make_rows([*records, *worse], 'joint'))
    }
    assert counted['every', 'fused'][:4] == ['2', '1', '1', '0']
    assert counted['joint', 'sum of heads'][:4] == ['2', '2', '0', '0']


def test_a_reference_without_results_is_refused(records):
    with pytest.raises(ConfigError, match='--reference'):
        write_tables(records, None, 'remix')
