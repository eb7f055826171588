"""Public corpora: their classes, and both layouts of GRID."""

from __future__ import annotations

import pytest

from mmremix.datasets import CREMAD, GRID, KineticsSounds
from mmremix.datasets.annotation import AnnotationError


def test_corpora_know_their_classes():
    assert CREMAD.METAINFO['classes'][5] == 'ANG'
    names = KineticsSounds.METAINFO['classes']
    assert len(names) == 31 and names == sorted(names)
    assert len(GRID.METAINFO['classes']) == 25
    assert 'w' not in GRID.METAINFO['classes']


@pytest.fixture
def grid_root(tmp_path):
    """One sentence to train on and one to test, in a table of words."""
    (tmp_path / 'clips').mkdir()
    rows = ['clip,split,position,word,start_s,end_s']
    for name, split, letter in (
        ('bbaf2n', 'train', 'f'),
        ('bbab3n', 'test', 'b'),
    ):
        (tmp_path / 'clips' / f'{name}.mp4').touch()
        rows += [
            f'{name},{split},command,bin,0.5,0.7',
            f'{name},{split},letter,{letter},1.5,1.7',
            f'{name},{split},digit,two,1.7,1.9',
        ]
    (tmp_path / 'words.csv').write_text('\n'.join(rows) + '\n')
    return tmp_path


def grid(root, **options):
    options = {'ann_file': 'train.csv', 'margin': 0.1, **options}
    return GRID(data_root=str(root), pipeline=[], **options)


def test_grid_reads_the_table_of_words(grid_root, capsys):
    row = grid(grid_root).get_data_info(0)
    assert row['clip'] == str(grid_root / 'clips' / 'bbaf2n.mp4')
    assert GRID.METAINFO['classes'][row['label']] == 'f'
    assert (row['start'], row['end']) == pytest.approx((1.4, 1.8))
    held_out = grid(grid_root, ann_file='test.csv', test_mode=True)
    assert held_out.get_data_info(0)['label'] == 1
    assert len(held_out) == 1
    assert f'the rows of {grid_root}/words.csv' in capsys.readouterr().out


def test_grid_prefers_the_prepared_list(grid_root):
    (grid_root / 'train.csv').write_text(
        'clip,label,start,end\nclips/bbab3n.mp4,b,1.0,1.2\n'
    )
    row = grid(grid_root).get_data_info(0)
    assert row['clip'].endswith('clips/bbab3n.mp4') and row['label'] == 1
    assert row['start'] == pytest.approx(0.9)
    # The table's own split may hold the same clips.
    with pytest.raises(AnnotationError, match=r'No annotation file .*test'):
        grid(grid_root, ann_file='test.csv')


def test_grid_reads_another_word(grid_root):
    options = {'filter_cfg': {'position': 'digit'}, 'classes': ['one', 'two']}
    data = grid(grid_root, **options)
    assert len(data) == 1 and data.get_data_info(0)['label'] == 1


def test_grid_asks_for_what_is_not_there(grid_root):
    # No split of that name, and a list of another name is no split.
    with pytest.raises(AnnotationError, match=r"words\.csv: no rows .*'val'"):
        grid(grid_root, ann_file='val.csv')
    with pytest.raises(AnnotationError, match=r'No annotation file .*mine'):
        grid(grid_root, ann_file='mine.csv')
    (grid_root / 'words.csv').unlink()
    with pytest.raises(AnnotationError, match=r'No annotation file .*train'):
        grid(grid_root)
