from __future__ import annotations

from mmremix.visualization.predictions import prediction_table


def best(*pairs):
    return [{'label': 0, 'class': c, 'score': s} for c, s in pairs]


def entry(clip, topk, error=None, missing=(), notes=()):
    return {
        'clip': clip,
        'topk': topk,
        'error': error,
        'missing': dict.fromkeys(missing, 'why'),
        'notes': list(notes),
    }


def test_ranks_of_one_clip():
    topk = {
        'fusion': best(('clap', 0.91), ('shout', 0.09)),
        'audio': best(('shout', 0.7), ('clap', 0.3)),
    }
    table = prediction_table([entry('a.mp4', topk, notes=['no video: x'])])
    assert [line.split() for line in table.splitlines()] == [
        ['fusion', 'audio'],
        ['-' * len(table.splitlines()[1])],
        ['1', 'clap', '0.910', 'shout', '0.700'],
        ['2', 'shout', '0.090', 'clap', '0.300'],
        [],
        ['a.mp4:', 'no', 'video:', 'x'],
    ]


def test_a_line_for_each_of_several():
    both = {'fusion': best(('a', 0.5)), 'video': best(('b', 0.25))}
    entries = [
        entry('/x/y/1.mp4', both),
        entry('/x/2.mp4', {'fusion': best(('a', 1))}, missing=['video']),
        entry('/x/3.mp4', {}, error='torn', missing=['video']),
    ]
    lines = prediction_table(entries).splitlines()
    assert lines[0].split() == ['clip', 'fusion', 'video', 'missing']
    assert lines[2].split() == ['y/1.mp4', 'a', '0.500', 'b', '0.250']
    assert lines[3].split() == ['2.mp4', 'a', '1.000', '-', 'video']
    assert lines[4].split() == ['3.mp4', '-', '-', 'not', 'predicted']
    assert lines[6] == '/x/3.mp4: not predicted, torn'


def test_one_broken_clip():
    table = prediction_table([entry('a.mp4', {}, error='torn')])
    assert table == 'a.mp4: not predicted, torn'
