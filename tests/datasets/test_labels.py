from __future__ import annotations

import unicodedata

import pytest

from mmremix.datasets.csv_rows import AnnotationError
from mmremix.datasets.labels import ClassList, read_classes, sort_labels


def test_names_and_indices():
    classes = ClassList([' clap ', 'shout'])
    assert classes.names == ['clap', 'shout']
    assert [classes.index(x) for x in ('clap', 'shout', '0', '1')] == [
        *(0, 1),
        *(0, 1),
    ]


def test_names_that_are_numbers_are_no_indices():
    classes = ClassList(['1', '2', '3'])
    assert classes.index('1') == 0
    for label in ('0', '4', '01', '1.0'):
        with pytest.raises(ValueError, match=f"unknown label '{label}'"):
            classes.index(label)
    with pytest.raises(ValueError, match='numbers, which are no indices'):
        classes.index('0')
    with pytest.raises(ValueError, match="did you mean '1'"):
        classes.index('01')
    # One such name is enough.
    with pytest.raises(ValueError, match='unknown label'):
        ClassList(['one', '2', 'three']).index('0')


@pytest.mark.parametrize(
    ('label', 'hint'),
    [
        ('Clap', "did you mean 'clap'"),
        ('clpa', "did you mean 'clap'"),
        ('2', 'indices are 0 to 1'),
        ('-1', 'indices are 0 to 1'),
        ('01', 'indices are 0 to 1'),
        ('1.0', 'indices are 0 to 1'),
        ('१', "unknown label '१'"),
        ('²', "unknown label '²'"),
        ('9' * 5000, 'unknown label'),
    ],
)
def test_what_is_no_label(label, hint):
    with pytest.raises(ValueError, match=hint) as caught:
        ClassList(['clap', 'shout']).index(label)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    'names', [['0.5', '1.5'], ['1e1', '2e1'], ['-1', '7']]
)
def test_numbers_are_no_indices_too(names):
    listed = ClassList(names)
    assert listed.index(names[1]) == 1
    with pytest.raises(ValueError, match='unknown label'):
        listed.index('1')


def test_names_that_are_read_as_numbers():
    assert ClassList(['nan', 'inf']).index('1') == 1


@pytest.mark.parametrize(
    ('names', 'message'),
    [
        (['a', 'b', 'a'], r"named twice, as 'a' and as 'a' \(number 3\)"),
        (['a', 'a '], 'named twice'),
        (['1', '01'], "as '1' and as '01'"),
        (['1', '1.0'], 'named twice'),
        (['caf\u00e9', 'cafe\u0301'], r'named twice.*\\u0301'),
        (['a', ''], "'' is no class name"),
        (['a', 'b\nc'], 'is no class name'),
        (['a', None], 'is text, got None'),
        ([True, False], 'is text, got True'),
        ([], 'no class names'),
        ({'a', 'b'}, 'a list of names, in index order'),
        ({'a': 1, 'b': 0}, 'a list of names, in index order'),
        ('ab', 'a list of names, in index order'),
    ],
)
def test_what_is_no_list_of_classes(names, message):
    with pytest.raises(AnnotationError, match=message):
        ClassList(names)


def test_numbers_stand_for_their_text():
    assert ClassList([3, 1]).names == ['3', '1']


def test_composed_and_decomposed_letters_are_the_same():
    name = 'caf\u00e9'
    classes = ClassList([name])
    assert classes.index(unicodedata.normalize('NFD', name)) == 0


def test_names_that_differ_by_case():
    assert ClassList(['a', 'b']).look_alikes() == ''
    text = ClassList(['a', 'b', 'A']).look_alikes()
    assert "the classes 'a' and 'A' differ by upper and lower case" in text


def test_shortage():
    classes = ClassList(['a', 'b', 'c'])
    assert classes.shortage([1, 1, 1]) == ''
    text = classes.shortage([2, 0, 1])
    assert "1 of 3 classes have no sample, ['b']" in text
    assert 'a 2, b 0, c 1' in text


def test_a_file_of_classes(tmp_path):
    path = tmp_path / 'classes.txt'
    path.write_bytes('\ufeffb\r\n\r\n a \r\n'.encode())
    assert read_classes(path) == ['b', 'a']
    path.write_text('a\na\n')
    with pytest.raises(AnnotationError, match=r'classes\.txt.*named twice'):
        read_classes(path)
    path.write_bytes('\u00e9'.encode('latin-1'))
    with pytest.raises(AnnotationError, match='UTF-8'):
        read_classes(path)
    with pytest.raises(AnnotationError, match='cannot be read as a file'):
        read_classes(tmp_path / 'gone.txt')


def test_order():
    assert sort_labels({'10', '9'}) == ['9', '10']
    assert sort_labels({'10', '9', 'a'}) == ['10', '9', 'a']
    assert sort_labels({'²', '1'}) == ['1', '²']
