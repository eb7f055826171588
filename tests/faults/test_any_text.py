"""Whatever text lies in a file: what it says, or an error that names it."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmremix.datasets import AVDataset
from mmremix.datasets.labels import read_classes
from mmremix.utils import MmremixError
from mmremix.utils.plain_config import read_plain_config
from mmremix.utils.plain_pickle import load_plain

few = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
cells = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            *('a.mp4', 'clap', '0', '01', '1e400', 'nan', '-1', '2.5', '1_0'),
            *('\u0661', '../x.mp4', '', ' ', '"', "'", '\0', 'a\nb', '=1+1'),
        ]
    ),
)
tables = st.lists(st.lists(cells, max_size=6), max_size=6).map(
    lambda rows: '\n'.join(','.join(row) for row in rows)
)


@few
@given(tables | st.binary(max_size=80), st.booleans())
def test_annotation(tmp_path, content, with_header):
    path = tmp_path / 'any.csv'
    head = b'clip,label,start,end\n' if with_header else b''
    body = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(head + body)
    try:
        dataset = AVDataset(
            ann_file=str(path), data_root=str(tmp_path), pipeline=[]
        )
        rows = [dataset.row(i) for i in range(len(dataset))]
    except MmremixError as error:
        assert 'any.csv' in str(error)
    else:
        for row in rows:
            assert row.label is not None and row.label >= 0
            times = [t for t in (row.start, row.end) if t is not None]
            assert np.isfinite(times).all()


@few
@given(st.text(max_size=60) | st.binary(max_size=60))
def test_class_list(tmp_path, content):
    path = tmp_path / 'classes.txt'
    raw = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(raw)
    try:
        names = read_classes(path)
    except MmremixError as error:
        assert 'classes.txt' in str(error)
    else:
        assert all(name == name.strip() and name for name in names)


programs = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            '__import__("os").system("true")',
            'x = [1, (2, {"a": dict(b=3)})]',
            'x = open("f", "w")',
            'x = -1\ny = x',
            'import os',
            'x = {**{}}',
            'x = f"{1}"',
            'x = (lambda: 1)()',
            'x.y = 1',
            'x = 10**10**10',
        ]
    ),
)


@few
@given(st.lists(programs, max_size=3).map('\n'.join))
def test_config_that_is_not_run(tmp_path, content):
    path = tmp_path / 'any.py'
    path.write_bytes(content.encode())
    try:
        found = read_plain_config(path).to_dict()
    except MmremixError as error:
        assert 'any.py' in str(error)
    else:
        assert isinstance(found, dict)
    assert {p.name for p in tmp_path.iterdir()} <= {'any.py'}


WHOLE = pickle.dumps([{'pred_score': {'fusion': torch.ones(3)}, 'clip': 'a'}])


@few
@given(
    st.integers(0, len(WHOLE)),
    st.lists(
        st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)),
        max_size=3,
    ),
)
def test_damaged_dump(tmp_path, length, changes):
    data = bytearray(WHOLE)
    for place, value in changes:
        data[place] = value
    path = Path(tmp_path, 'any.pkl')
    path.write_bytes(data[:length] if not changes else data)
    try:
        load_plain(path)
    except MmremixError as error:
        assert 'any.pkl' in str(error)


def test_annotation_errors_are_one_message():
    from mmremix.datasets.csv_rows import AnnotationError

    with pytest.raises(MmremixError):
        raise AnnotationError('x.csv: no such column')
