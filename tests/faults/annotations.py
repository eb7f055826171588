"""Hostile annotations and what the data set must say to them."""

from __future__ import annotations

from dataclasses import dataclass

_HEAD = 'clip,label\n'
_TIMES = 'clip,label,start,end\n'


@dataclass(frozen=True)
class AnnotationCase:
    """A CSV file and its outcome.

    Attributes:
        name: What is wrong.
        content: Bytes of the file.
        reason: Regular expression that the refusal matches; empty if the
            file is to be read.
        rows: Number of samples, where it is read.
    """

    name: str
    content: bytes
    reason: str = ''
    rows: int = 1


def _case(
    name: str, text: str, reason: str = '', rows: int = 1
) -> AnnotationCase:
    return AnnotationCase(name, text.encode(), reason, rows)


ANNOTATIONS = (
    _case('plain', _HEAD + 'a.mp4,x\n'),
    _case('CRLF', (_HEAD + 'a.mp4,x\n').replace('\n', '\r\n')),
    _case('old Mac line ends', (_HEAD + 'a.mp4,x\n').replace('\n', '\r')),
    AnnotationCase('BOM', b'\xef\xbb\xbfclip,label\na.mp4,x\n'),
    _case('blank lines', _HEAD + '\n\na.mp4,x\n\n'),
    _case('duplicate rows', _HEAD + 'a.mp4,x\n' * 3, rows=3),
    _case('duplicate with another label', _HEAD + 'a.mp4,x\na.mp4,y\n', '', 2),
    _case('inside by a detour', _HEAD + 'sub/../a.mp4,x\n'),
    _case('empty', '', 'no column'),
    _case('header only', _HEAD, 'no rows'),
    _case('no header', 'a.mp4,x\nb.mp4,y\n', 'no column'),
    _case('missing column', 'clip\na.mp4\n', r"no column \['label'\]"),
    _case('column twice', 'clip,label,label\na,x,y\n', 'more than once'),
    _case('semicolons', 'clip;label\na.mp4;x\n', 'no column.*with commas'),
    _case('unknown label', _HEAD + 'a.mp4,x\nb.mp4,zz\n', "line 3: .*'zz'"),
    _case('huge index', _HEAD + f'a.mp4,{"9" * 5000}\n', 'line 2: unknown'),
    _case('empty label', _HEAD + 'a.mp4,\n', "line 2: empty 'label'"),
    _case('empty clip', _HEAD + ',x\n', "line 2: empty 'clip'"),
    _case('short row', _HEAD + 'a.mp4\n', "line 2: empty 'label'"),
    _case('comma in a name', _HEAD + 'a,b.mp4,x\n', 'line 2: more cells'),
    _case('negative start', _TIMES + 'a.mp4,x,-1,2\n', "line 2: 'start'"),
    _case('NaN', _TIMES + 'a.mp4,x,nan,2\n', "line 2: 'start'.*'nan'"),
    _case('infinite', _TIMES + 'a.mp4,x,0,inf\n', "line 2: 'end'.*'inf'"),
    _case('text for a time', _TIMES + 'a.mp4,x,0,soon\n', "'soon'"),
    _case('digit groups', _TIMES + 'a.mp4,x,0,1_0\n', "'end'.*'1_0'"),
    _case('other digits', _TIMES + 'a.mp4,x,0,१\n', "'end'.*'१'"),
    _case('too large', _TIMES + 'a.mp4,x,0,1e400\n', "'end'.*'1e400'"),
    _case('a unit', _TIMES + 'a.mp4,x,0,2s\n', "'end'.*'2s'"),
    _case('a clock', _TIMES + 'a.mp4,x,0:00,0:02\n', "'start'.*'0:00'"),
    _case('decimal comma', _TIMES + 'a.mp4,x,0,"1,5"\n', "'end'.*'1,5'"),
    _case('end at zero', _TIMES + 'a.mp4,x,,0\n', 'line 2: segment of no'),
    _case('Start', 'clip,label,Start\na.mp4,x,1\n', "'Start' would not"),
    _case('blanks in the header', 'clip , label\na.mp4,x\n'),
    _case('near miss', _HEAD + 'a.mp4,X \n', "line 2: .*mean 'x'"),
    _case('index with a zero', _HEAD + 'a.mp4,01\n', 'line 2: unknown.*0 to'),
    _case('index in other digits', _HEAD + 'a.mp4,१\n', 'line 2: unknown'),
    _case('backwards', _TIMES + 'a.mp4,x,2,1\n', 'line 2: segment of no'),
    _case('zero byte', _HEAD + 'a\0.mp4,x\n', 'line 2|line 1|NUL'),
    _case('open quote', _HEAD + '"a.mp4,x\nb.mp4,y\n', 'quote'),
    _case('huge cell', _HEAD + 'a' * 200_000 + ',x\n', 'after line 1'),
    AnnotationCase('Latin-1', 'clip,label\né.mp4,x\n'.encode('latin-1'), '8'),
    AnnotationCase('UTF-16', 'clip,label\na.mp4,x\n'.encode('utf-16'), '8'),
    AnnotationCase('rubbish', bytes(range(256)) * 20, 'a.csv: no '),
    _case('parent folder', _HEAD + '../b.mp4,x\n', r'line 2.*\.\./b'),
    _case('absolute', _HEAD + '/etc/passwd,x\n', 'line 2.*/etc/passwd'),
    _case('link out', _HEAD + 'link.mp4,x\n', "line 2.*'link.mp4'"),
    _case('linked folder', _HEAD + 'away/b.mp4,x\n', "line 2.*'away/b.mp4'"),
    _case(
        'sound outside', 'clip,label,audio\na.mp4,x,../b.mp4\n', 'line 2: aud'
    ),
    _case('missing file', _HEAD + 'gone.mp4,x\n', r'1 of 1 files.*\n.*gone'),
)
