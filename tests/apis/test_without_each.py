"""One clip with and without each modality, and what the page shows of it."""

from __future__ import annotations

import sys

import pytest

from mmremix.apis import AVInferencer
from mmremix.apis.demo_page import answer_html, require_gradio
from mmremix.apis.without_each import TAKEN, without_each
from tests.apis.trained import CLASSES
from tests.datasets.media_files import write_clip
from tests.report.parsed_page import ParsedPage


@pytest.fixture(scope='module')
def clips(tmp_path_factory):
    root = tmp_path_factory.mktemp('clips')
    (root / 'torn.mp4').write_bytes(b'no clip')
    return {
        'good': write_clip(root / 'good.mp4', size=(96, 80)),
        'silent': write_clip(
            root / 'silent.mp4', size=(96, 80), with_audio=False
        ),
        'torn': root / 'torn.mp4',
    }


@pytest.fixture
def inferencer(trained):
    return AVInferencer(*trained, device='cpu')


def best(entry, name):
    return entry['topk'][name][0]


def test_answers(inferencer, clips):
    """A modality alone says by its own head what it says among others."""
    found = without_each(inferencer, str(clips['good']), topk=2)
    (told,) = inferencer(str(clips['good']), topk=2)['predictions']
    assert found.all == told
    assert list(found.without) == ['video', 'audio']
    for taken, left in (('video', 'audio'), ('audio', 'video')):
        entry = found.without[taken]
        assert entry['modalities'] == [left]
        assert entry['missing'] == {taken: TAKEN}
        assert best(entry, left)['class'] == best(told, left)['class']
        assert best(entry, left)['score'] == pytest.approx(
            best(told, left)['score'], abs=1e-6
        )
        assert best(entry, 'fusion')['score'] != best(told, 'fusion')['score']
    # What one left alone is, a clip without the other says too.
    (silent,) = inferencer(str(clips['silent']), topk=2)['predictions']
    assert silent['modalities'] == found.without['audio']['modalities']
    alone = without_each(inferencer, str(clips['silent']))
    assert alone.without == {} and alone.all['modalities'] == ['video']
    torn = without_each(inferencer, str(clips['torn']))
    assert torn.all['error'] and torn.without == {}
    with pytest.raises(ValueError, match='one clip or row, not 2'):
        without_each(inferencer, [str(clips['good'])] * 2)


def test_page(inferencer, clips):
    page = ParsedPage(answer_html(inferencer, str(clips['good']), topk=3))
    assert page.problems == []
    ranks, without = page.tables
    names = ['fused', 'video', 'audio', 'sum of heads']
    assert ranks[0] == ['rank', *names]
    assert [row[0] for row in ranks[1:]] == ['1', '2', '3']
    assert [row[0] for row in without] == [
        *('taken away', 'nothing', 'video', 'audio'),
    ]
    assert without[1][1] == ranks[1][1]
    # One that is left is the sum of its head.
    assert without[2][2] == ranks[1][3] and without[3][2] == ranks[1][2]
    assert without[1][1].split(' ')[0] in CLASSES


@pytest.mark.parametrize(
    ('name', 'words'),
    [
        ('silent', 'answered by video alone'),
        ('torn', 'Not predicted: not readable as media'),
        (None, 'Name a clip.'),
    ],
)
def test_page_of_what_is_not_there(inferencer, clips, name, words):
    given = None if name is None else str(clips[name])
    page = ParsedPage(answer_html(inferencer, given))
    assert page.problems == [] and words in page.text
    assert str(clips['torn'].parent) not in page.text


def test_without_gradio(monkeypatch):
    monkeypatch.setitem(sys.modules, 'gradio', None)
    with pytest.raises(ImportError, match='pip install gradio'):
        require_gradio()
