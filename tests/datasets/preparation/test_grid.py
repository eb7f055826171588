from __future__ import annotations

import pytest

from mmremix.datasets.preparation.grid import grid_samples

ALIGN = (
    '0 23750 sil\n23750 29500 bin\n29500 34000 blue\n34000 35500 at\n'
    '35500 41000 f\n41000 47250 two\n47250 53000 now\n53000 74500 sil\n'
)


@pytest.fixture
def corpus(tmp_path):
    for name in ('bbaf2n', 'lgwz9s', 'srix4p'):
        path = tmp_path / 's1' / f'{name}.mpg'
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (tmp_path / 'align').mkdir()
    (tmp_path / 'align' / 'bbaf2n.align').write_text(ALIGN)
    (tmp_path / 'align' / 'srix4p.align').write_text(ALIGN[:60])
    return tmp_path


@pytest.mark.parametrize(
    ('word', 'label', 'start', 'end'),
    [('letter', 'f', '1.420', '1.640'), ('digit', 'two', '1.640', '1.890')],
)
def test_segments_of_the_corpus(corpus, word, label, start, end):
    rows = {r['clip'][-10:-4]: r for r in grid_samples(str(corpus), word)}
    assert rows['bbaf2n']['label'] == label
    assert (rows['bbaf2n']['start'], rows['bbaf2n']['end']) == (start, end)
    assert {row['talker'] for row in rows.values()} == {'s1'}


def test_without_an_alignment_the_name_tells_the_label(corpus):
    rows = {r['clip'][-10:-4]: r for r in grid_samples(str(corpus), 'digit')}
    assert rows['lgwz9s']['label'] == 'nine'
    assert rows['lgwz9s']['reason'] == 'no .align file'
    assert rows['srix4p']['label'] == 'four'
    assert 'words in its .align, not 6' in rows['srix4p']['reason']


def test_errors(corpus, tmp_path):
    with pytest.raises(ValueError, match='word must be one of'):
        grid_samples(str(corpus), 'verb')
    (corpus / 's1' / 'holiday.mpg').touch()
    with pytest.raises(ValueError, match='holiday is no name of a GRID clip'):
        grid_samples(str(corpus), 'digit')


def test_files_that_lie_deeper(tmp_path):
    for talker in ('s1', 's2'):
        clips = tmp_path / 'video' / talker / 'mpg_6000'
        aligns = tmp_path / 'align' / talker
        clips.mkdir(parents=True)
        aligns.mkdir(parents=True)
        (clips / 'bbaf2n.mpg').touch()
        shift = ALIGN if talker == 's1' else ALIGN.replace('35500', '35600')
        (aligns / 'bbaf2n.align').write_text(shift)
    (tmp_path / 'video' / 's1' / '__MACOSX').mkdir()
    (tmp_path / 'video' / 's1' / '__MACOSX' / 'bbaf3n.mpg').touch()
    rows = grid_samples(str(tmp_path))
    assert [(r['talker'], r['start']) for r in rows] == [
        ('s1', '1.420'),
        ('s2', '1.424'),
    ]


@pytest.mark.parametrize('times', ['1_0 41000', '41000 41000', '35500 x'])
def test_odd_times(corpus, times):
    text = ALIGN.replace('35500 41000', times)
    (corpus / 'align' / 'bbaf2n.align').write_text(text)
    rows = {r['clip'][-10:-4]: r for r in grid_samples(str(corpus))}
    assert '.align' in rows['bbaf2n']['reason']


def test_words_csv(tmp_path):
    table = tmp_path / 'words.csv'
    head = 'clip,split,position,word,start_s,end_s\n'
    table.write_text(
        head + 'bbaf2n,train,letter,f,1.42,1.64\nbbaf2n,train,digit,two,2,3\n'
    )
    (row,) = grid_samples(str(tmp_path))
    assert (row['start'], row['end'], row['split']) == (1.42, 1.64, 'train')
    table.write_text(head + 'bbaf2n,train,letter,f,nan,1.64\n')
    with pytest.raises(ValueError, match="line 2: 'start_s' must be seconds"):
        grid_samples(str(tmp_path))
