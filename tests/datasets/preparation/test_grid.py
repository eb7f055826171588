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
