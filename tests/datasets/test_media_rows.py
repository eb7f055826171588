"""Rows in arrays: the same as dicts, but small and shared."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from mmremix.datasets import AVDataset
from mmremix.datasets.annotation import read_csv, read_rows
from mmremix.datasets.csv_rows import by_column, parse_row, read_blocks
from mmremix.datasets.media_rows import MediaRows
from mmremix.datasets.text_column import BLOCK, CodedColumn, TextBuilder

TEXTS = ['a', '', 'ü日', 'x' * 300, '\udc80', 'multi\nline'] * 400
COLUMNS = {'clip': 'clip', 'label': 'label'}


def column(texts):
    builder = TextBuilder()
    for first in range(0, len(texts), 700):
        builder.extend(texts[first : first + 700])
    return builder.build()


def test_texts():
    texts = column(TEXTS)
    assert len(texts) == len(TEXTS) > BLOCK
    assert list(texts) == TEXTS
    places = (0, 1, 5, -1, len(TEXTS) - 1, -len(TEXTS))
    assert [texts[i] for i in places] == [TEXTS[i] for i in places]
    rows = np.array([5, 0, 2399, 3, 3])
    assert [*texts.take(rows)] == [TEXTS[i] for i in rows]
    assert [*texts.take(rows[:0])] == []
    assert [*pickle.loads(pickle.dumps(texts))] == TEXTS


def test_values_that_come_often():
    coded = CodedColumn.of(['b', 'a', 'b'])
    assert coded.values == ['b', 'a'] and coded.codes.tolist() == [0, 1, 0]
    assert [coded[i] for i in range(3)] == ['b', 'a', 'b']
    assert coded.take(np.array([1])).codes.tolist() == [1]


def write(path, *lines):
    path.write_text('\n'.join(['clip,label,audio,start,end,who', *lines]))
    return str(path)


def test_rows_of_many_blocks_are_those_read_one_by_one(tmp_path):
    """Also where a row at fault is among them, or a short one."""
    lines = [
        f'c{i}.mp4,l{i % 7},{"s.wav" * (i % 3 == 0)},{i % 5 or ""},'
        f'{i % 5 + 1.5 if i % 2 else ""},w{i % 4}'
        for i in range(2 * BLOCK + 10)
    ]
    lines[BLOCK + 3] = 'short.mp4,l1'
    lines[5] = '"two\nlines.mp4", l1 ,,,,'
    path = write(tmp_path / 'a.csv', *lines)
    expected = [
        {**parse_row(by_column(header, cells), COLUMNS), 'row': line}
        for header, numbers, block in read_blocks(tmp_path / 'a.csv', COLUMNS)
        for line, cells in zip(numbers, block, strict=True)
    ]
    rows, labels = read_csv(path, COLUMNS)
    assert rows == expected
    assert labels == [f'l{i}' for i in range(7)]
    assert rows[5]['row'] == 8 and rows[6]['row'] == 9
    kept, all_labels = read_rows(
        path, COLUMNS, {'who': ['w1', 'w2']}, ['who', 'start']
    )
    assert all_labels == labels
    whos = {row['columns']['who'] for row in kept}
    assert whos == {'w1', 'w2'} and len(kept) == BLOCK + 4
    assert [{**r, 'columns': 0} for r in kept] == [
        {**row, 'columns': 0}
        for row, line in zip(expected, lines, strict=True)
        if line.endswith(('w1', 'w2'))
    ]


def dataset(tmp_path, **options):
    lines = [f'{i}.mp4,l{i % 3},,,,w{i % 4}' for i in range(40)]
    return AVDataset(
        write(tmp_path / 'a.csv', *lines),
        data_root=str(tmp_path),
        check_files=False,
        **options,
    )


@pytest.mark.parametrize('serialize', [True, False])
def test_a_data_set_of_them(tmp_path, serialize):
    data = dataset(tmp_path, serialize_data=serialize, keep_columns=['who'])
    assert isinstance(data.media_rows, MediaRows) and len(data) == 40
    info = data.get_data_info(-1)
    assert info == {
        'clip': str(tmp_path / '39.mp4'),
        'label': 0,
        'row': 41,
        'columns': {'who': 'w3'},
        'sample_idx': 39,
    }
    assert data.column('who').tolist()[:2] == ['w0', 'w1']
    assert data.column('label').tolist() == data.labels().tolist()
    assert data.labels().tolist()[:4] == [0, 1, 2, 0]
    assert data.column('clip')[1] == str(tmp_path / '1.mp4')
    with pytest.raises(Exception, match=r'no column .end.'):
        data.column('end')
    before = data.fingerprint()
    part = data.get_subset([3, 1])
    assert [part.row(i).clip for i in range(2)] == ['3.mp4', '1.mp4']
    assert part.fingerprint() != before == data.fingerprint()
    copied = copy.deepcopy(data)
    data.get_subset_(-3)
    assert [data.row(i).clip for i in range(3)] == [
        f'{i}.mp4' for i in (37, 38, 39)
    ]
    assert data.fingerprint() != before == copied.fingerprint()
    assert len(dataset(tmp_path, indices=[4, 2])) == 2
    assert dataset(tmp_path, indices=4).row(3).clip == '3.mp4'


def test_blocks_say_what_rows_say(tmp_path):
    (tmp_path / 'snd').mkdir()
    path = write(
        tmp_path / 'a.csv',
        'x/a.mp4,l0,s.wav,0.5,1,w',
        './b.mp4,l1,,,2,w',
        'y//c.mp4,l0,,,,w',
        'y/../d.mp4,l0,,1,,w',
    )
    data = AVDataset(
        path,
        data_root=str(tmp_path),
        data_prefix={'audio': 'snd'},
        check_files=False,
        margin=0.25,
    )
    (block,) = data.row_blocks()
    rows = [data.row(i) for i in range(4)]
    assert block.labels == [row.label for row in rows]
    assert block.starts == [row.start for row in rows]
    assert block.ends == [row.end for row in rows]
    for name, texts in block.media.items():
        assert texts == [row.media.get(name, '') for row in rows]
    assert block.media['clip'] == ['x/a.mp4', 'b.mp4', 'y/c.mp4', 'd.mp4']


def test_fingerprints_stay_what_they_were(tmp_path):
    """Of a data set that an earlier state described in its checkpoints."""
    data = dataset(tmp_path)
    facts = data.identity()
    assert facts.fingerprint == '28f5a465385f3df4'
    assert facts.row_set == '387a8478a34278ed'
    assert dict(facts.columns) == {
        'labels': '499530763adb7a68',
        'segments': 'b717f01dfae875cf',
        'media clip': '1300df0a71e7ed56',
    }
