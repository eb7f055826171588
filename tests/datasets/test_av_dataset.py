from __future__ import annotations

import os

import pytest

from mmremix.datasets import (
    AVDataset,
    av_dataset,
    labelled_dataset,
)
from mmremix.datasets.annotation import AnnotationError


@pytest.fixture
def root(tmp_path):
    """A data root; AVDataset looks at names only until it decodes."""
    for name in ('clips/a.mp4', 'clips/b.mp4', 'clips/ü c.mp4', 'snd/b.wav'):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def write(root, text, name='train.csv', encoding='utf-8'):
    (root / name).write_bytes(text.encode(encoding))


def dataset(root, **kwargs):
    defaults = {
        'data_root': str(root),
        'ann_file': 'train.csv',
        'data_prefix': {'clip': 'clips', 'audio': 'snd'},
        'classes': ['no', 'yes'],
    }
    return AVDataset(**{**defaults, **kwargs})


def test_reads_clips_labels_audio_and_segments(root):
    write(
        root,
        'clip,label,audio,start,end\na.mp4,yes,,0.5,1.5\nb.mp4,0,b.wav,,\n',
    )
    first, second = (dataset(root).get_data_info(i) for i in range(2))
    assert first['clip'] == str(root / 'clips' / 'a.mp4')
    assert (first['label'], first['start'], first['end']) == (1, 0.5, 1.5)
    assert 'audio' not in first
    assert second['audio'] == str(root / 'snd' / 'b.wav')
    assert second['label'] == 0
    assert 'start' not in second and 'end' not in second


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig'])
@pytest.mark.parametrize('newline', ['\n', '\r\n'])
def test_spreadsheet_exports(root, encoding, newline):
    lines = ['clip,label', ' ü c.mp4 ,"yes"', 'a.mp4,no', '']
    write(root, newline.join(lines), encoding=encoding)
    data = dataset(root)
    assert len(data) == 2
    assert os.path.basename(data.get_data_info(0)['clip']) == 'ü c.mp4'


def test_columns_suffix_margin_and_filter(root):
    write(
        root,
        'id,split,kind,word,start_s,end_s\n'
        'a,train,letter,x,0.05,1.5\n'
        'b,train,digit,7,0,1\n'
        'b,test,letter,y,0,1\n',
    )
    data = dataset(
        root,
        columns={
            'clip': 'id',
            'label': 'word',
            'start': 'start_s',
            'end': 'end_s',
        },
        clip_suffix='.mp4',
        margin=0.1,
        filter_cfg={'split': 'train', 'kind': ['letter']},
        classes=None,
        test_mode=True,
    )
    info = data.get_data_info(0)
    assert len(data) == 1
    assert info['clip'] == str(root / 'clips' / 'a.mp4')
    assert info['start'] == 0.0
    assert info['end'] == pytest.approx(1.6)
    # Of the whole file, so that other splits agree.
    assert data.metainfo['classes'] == ['7', 'x', 'y']
    assert info['label'] == 1


def test_classes_from_a_file_from_labels_and_as_indices(root):
    (root / 'classes.txt').write_text('yes\nno\n\n')
    write(root, 'clip,label\na.mp4,no\nb.mp4,yes\n')
    data = dataset(root, classes='classes.txt')
    assert data.metainfo['classes'] == ['yes', 'no']
    assert [data.get_data_info(i)['label'] for i in range(2)] == [1, 0]
    assert dataset(root, classes=None).metainfo['classes'] == ['no', 'yes']
    write(root, 'clip,label\na.mp4,10\nb.mp4,9\n')
    assert dataset(root, classes=None).metainfo['classes'] == ['9', '10']


def test_indices_and_the_callers_arguments_stay_as_they_are(root):
    write(root, 'clip,label\na.mp4,no\nb.mp4,yes\n')
    prefix, metainfo = {'clip': 'clips'}, {}
    data = dataset(root, data_prefix=prefix, metainfo=metainfo, indices=1)
    assert len(data) == 1
    assert prefix == {'clip': 'clips'} and metainfo == {}


def test_folder_layout(tmp_path):
    for name in ('cat/1.mp4', 'cat/2/0.jpg', 'cat/2.wav', 'dog/3.AVI'):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    data = AVDataset(data_root=str(tmp_path))
    infos = [data.get_data_info(i) for i in range(len(data))]
    assert data.metainfo['classes'] == ['cat', 'dog']
    assert [
        (os.path.relpath(i['clip'], tmp_path), i['label']) for i in infos
    ] == [('cat/1.mp4', 0), ('cat/2', 0), ('dog/3.AVI', 1)]
    assert infos[1]['audio'] == str(tmp_path / 'cat' / '2.wav')


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('clip,label\n', 'no rows'),
        ('', r"no column \['clip', 'label'\]"),
        ('file,label\na.mp4,no\n', r"no column \['clip'\]"),
        ('clip,label\na.mp4,maybe\n', r"line 2: unknown label 'maybe'"),
        ('clip,label\na.mp4,2\n', r"line 2: unknown label '2'"),
        ('clip,label\na.mp4,no\n,yes\n', r"line 3: empty 'clip'"),
        ('clip,label\na.mp4\n', r"line 2: empty 'label'"),
        (
            'clip,label,start,end\na.mp4,no,2,2\n',
            r'line 2: segment of no length: 2.0 to 2.0 s',
        ),
        ('clip,label,start\na.mp4,no,-1\n', r"'start' must be seconds >= 0"),
        ('clip,label,end\na.mp4,no,soon\n', r"got 'soon'"),
    ],
)
def test_bad_annotations(root, text, message):
    write(root, text)
    with pytest.raises(AnnotationError, match=message):
        dataset(root)


def test_all_bad_rows_are_counted(root):
    write(root, 'clip,label\n' + 'a.mp4,what\n' * 14)
    with pytest.raises(AnnotationError, match=r'14 unusable(.|\n)*and 4 more'):
        dataset(root)


def test_filter_that_matches_nothing(root):
    write(root, 'clip,label,split\na.mp4,no,train\n')
    with pytest.raises(AnnotationError, match=r"filter_cfg=\{'split': 'x'\}"):
        dataset(root, filter_cfg={'split': 'x'})
    with pytest.raises(AnnotationError, match=r"no column \['fold'\]"):
        dataset(root, filter_cfg={'fold': 1})


def test_missing_files(root):
    write(root, 'clip,label\na.mp4,no\nzz.mp4,yes\n')
    with pytest.raises(FileNotFoundError, match=r'1 of 2 files(.|\n)*zz\.mp4'):
        dataset(root)
    assert len(dataset(root, check_files=False)) == 2
    assert len(dataset(root, on_broken='skip')) == 2


def test_no_annotation_and_no_clips(root, tmp_path_factory):
    with pytest.raises(AnnotationError, match='No annotation file'):
        dataset(root, ann_file='val.csv')
    with pytest.raises(AnnotationError, match='No clips under'):
        AVDataset(data_root=str(tmp_path_factory.mktemp('empty')))


def test_paths_that_leave_the_root(root, tmp_path_factory):
    away = tmp_path_factory.mktemp('away')
    (away / 'z.mp4').touch()
    (root / 'clips' / 'link.mp4').symlink_to(away / 'z.mp4')
    names = ['../../x.mp4', str(away / 'z.mp4'), 'link.mp4', 'a.mp4']
    write(root, 'clip,label\n' + ''.join(f'{n},no\n' for n in names))
    with pytest.raises(AnnotationError) as caught:
        dataset(root)
    text = str(caught.value)
    assert '3 unusable row(s)' in text
    for line, name in zip((2, 3, 4), names[:3], strict=True):
        assert f"line {line}: clip '{name}' leads out of {root}" in text
    assert str(away / 'z.mp4') in text
    assert "type='AVDataset', allow_outside=True" in text
    assert len(dataset(root, allow_outside=True, check_files=False)) == 4


def test_folders_of_the_config_may_be_anywhere(root, tmp_path_factory):
    away = tmp_path_factory.mktemp('away')
    (away / 'z.mp4').touch()
    write(root, 'clip,label\nz.mp4,no\n')
    prefix = {'clip': str(away)}
    assert len(dataset(root, data_prefix=prefix)) == 1
    # The data root itself, or a folder of the prefix, may be a link.
    (root / 'far').symlink_to(away)
    assert len(dataset(root, data_prefix={'clip': 'far'})) == 1
    (away / 'link').symlink_to(root)
    data = dataset(away / 'link', data_prefix={'clip': 'far'})
    assert len(data) == 1


def test_without_a_root_paths_may_be_anywhere(root):
    write(root, f'clip,label\n{root / "clips" / "a.mp4"},no\n')
    path = str(root / 'train.csv')
    assert len(AVDataset(path, classes=['no'])) == 1


def test_repeated_rows_are_used_and_said(root, monkeypatch):
    write(root, 'clip,label\na.mp4,no\nb.mp4,no\na.mp4,yes\na.mp4,no\n')
    said = []
    monkeypatch.setattr(
        av_dataset, 'print_log', lambda text, *_, **__: said.append(text)
    )
    assert len(dataset(root)) == 4
    (text,) = said
    assert '2 rows are the same clip and segment' in text
    assert 'line 4 repeats line 2 with another label' in text


def test_a_label_is_no_index_where_classes_are_numbers(root):
    write(root, 'clip,label\na.mp4,0\nb.mp4,1\n')
    message = r"(?s)line 2: unknown label '0'.*The classes are \['1', '2'\]"
    with pytest.raises(AnnotationError, match=message):
        dataset(root, classes=['1', '2'])
    data = dataset(root, classes=[0, 1])
    assert data.metainfo['classes'] == ['0', '1']


def test_labels_that_are_one_number(root):
    write(root, 'clip,label\na.mp4,1\nb.mp4,01\n')
    with pytest.raises(AnnotationError, match=r'train\.csv: classes: a class'):
        dataset(root, classes=None)


def test_classes_without_a_sample_are_said(root, monkeypatch):
    write(root, 'clip,label\na.mp4,no\nb.mp4,no\n')
    said = []
    monkeypatch.setattr(
        labelled_dataset, 'print_log', lambda text, *_, **__: said.append(text)
    )
    dataset(root)
    (text,) = said
    assert "1 of 2 classes have no sample, ['yes']" in text
    assert 'no 2, yes 0' in text


def test_columns_that_the_config_names_must_be_there(root):
    write(root, 'clip,label\na.mp4,no\n')
    with pytest.raises(AnnotationError, match=r"no column \['start_s'\]"):
        dataset(root, columns={'start': 'start_s'})
    with pytest.raises(ValueError, match=r"columns: \['word'\] are none of"):
        dataset(root, columns={'word': 'label'})


@pytest.mark.parametrize('margin', [-1.0, float('nan'), float('inf')])
def test_margin(root, margin):
    with pytest.raises(ValueError, match='margin must be seconds >= 0'):
        dataset(root, margin=margin)


def test_a_name_with_blanks_at_its_ends(root):
    (root / 'clips' / ' a.mp4 ').touch()
    write(root, 'clip,label\n" a.mp4 ",no\n" b.mp4 ",yes\n')
    data = dataset(root)
    names = [os.path.basename(data.row(i).clip) for i in range(2)]
    assert names == [' a.mp4 ', 'b.mp4']
