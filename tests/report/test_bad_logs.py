"""Logs that are not there, or damaged, are told, and nothing is lost."""

from __future__ import annotations

import json

import pytest

from mmremix.report import load_run
from mmremix.report.tested import read_tested, work_dir_of
from tests.report.made_run import EPOCHS, make_run, write_scalars


def log_of(made):
    (file,) = made.glob('*/vis_data/scalars.json')
    return file


def test_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match='There is no work directory'):
        load_run(tmp_path / 'gone')
    (tmp_path / 'file').write_text('')
    with pytest.raises(FileNotFoundError, match='is a file'):
        load_run(tmp_path / 'file')
    with pytest.raises(FileNotFoundError, match=r'vis_data/scalars\.json'):
        load_run(tmp_path)


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('', '0 entries'),
        ('{"step": 1}\nrubbish\n[]\n{', '1 entries, .* 2 damaged lines'),
        ('{"epoch": null, "iter": 1}\n', '1 entries, none of a training step'),
    ],
)
def test_nothing_in_it(tmp_path, text, words):
    folder = write_scalars(tmp_path / '20260101_000000', [])
    (folder / 'scalars.json').write_text(text)
    with pytest.raises(FileNotFoundError, match=words):
        load_run(tmp_path)


def test_damaged_lines(tmp_path):
    file = log_of(make_run(tmp_path / 'a'))
    lines = file.read_text().splitlines()
    lines[1:1] = ['\x00\x00', 'rubbish']
    # The last is what a killed run leaves.
    file.write_text('\n'.join([*lines, '{"loss": 1.']))
    run = load_run(tmp_path / 'a')
    assert run.epochs == EPOCHS
    (note,) = [n for n in run.notes if 'damaged' in n]
    assert note.startswith('2 damaged lines') and 'line 2' in note


def test_losses_that_are_no_numbers(tmp_path):
    file = log_of(make_run(tmp_path / 'a'))
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    rows = [
        {**r, 'loss': float('nan')} if r.get('epoch') == 3 else r for r in rows
    ]
    file.write_text(''.join(json.dumps(row) + '\n' for row in rows))
    run = load_run(tmp_path / 'a')
    assert sorted(run.series['loss']) == [1, 2, 4, 5]
    (note,) = [n for n in run.notes if 'not a number' in n]
    assert '1 logged steps' in note and 'epoch 3' in note


def test_tests(tmp_path):
    made = make_run(tmp_path / 'a')
    for name, text in (
        ('20260102_000000', '{"acc/fusion_top1": 0.5, "time": 3}'),
        ('20260103_000000', '{"acc/fusion_t'),  # killed
        ('20260104_000000', '[]'),
    ):
        (made / name).mkdir()
        (made / name / f'{name}.json').write_text(text)
    (test,) = read_tested(made)
    assert test.metrics == {'acc/fusion_top1': 0.5} and test.checkpoint == ''
    assert load_run(made).tested == [test]


def test_work_directory_of_a_checkpoint(tmp_path):
    made = make_run(tmp_path / 'a')
    assert work_dir_of(made / 'epoch_2.pth') == str(made)
    assert work_dir_of(tmp_path / 'copy.pth') is None
    assert work_dir_of('https://example.org/epoch_2.pth') is None
