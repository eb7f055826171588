"""A file is written whole, or the one before it stays."""

from __future__ import annotations

import errno
import os
import resource

import pytest

from mmremix.utils.errors import ConfigError
from mmremix.utils.whole_files import csv_bytes, make_folder, write_whole


def test_failed_write_leaves_the_old_file(tmp_path):
    """The kernel refuses in the middle of the file, as on a full disk."""
    path = tmp_path / 'a.pth'
    path.write_bytes(b'old')
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OSError) as caught:
            write_whole(path, bytes(300_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.errno == errno.EFBIG
    assert '300,000 bytes' in str(caught.value) and 'free' in str(caught.value)
    assert path.read_bytes() == b'old'
    assert os.listdir(tmp_path) == ['a.pth']


def test_folders_that_cannot_be_written_into(tmp_path, monkeypatch):
    make_folder(tmp_path / 'a/b', '--out DIR')
    assert (tmp_path / 'a/b').is_dir()
    (tmp_path / 'file').touch()
    for place in (tmp_path / 'file', tmp_path / 'file/x'):
        with pytest.raises(ConfigError, match='Name another: --out DIR'):
            make_folder(place, '--out DIR')
    monkeypatch.setattr(os, 'access', lambda *_: False)
    with pytest.raises(ConfigError, match='no permission'):
        make_folder(tmp_path, '--out DIR')


def test_write_syncs_before_it_renames(tmp_path, monkeypatch):
    calls = []
    for name in ('fsync', 'replace'):
        real = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *a, n=name, f=real: (calls.append(n), f(*a))
        )
    write_whole(tmp_path / 'new' / 'a.pth', b'data')
    assert calls == ['fsync', 'replace', 'fsync']  # file, name, folder
    assert (tmp_path / 'new' / 'a.pth').read_bytes() == b'data'


def test_given_temporary_file_takes_the_place_of_a_left_one(tmp_path):
    part = tmp_path / '.a.csv.tmp'
    part.write_bytes(b'half of an earlier one, and longer')
    write_whole(tmp_path / 'a.csv', b'all', part)
    assert os.listdir(tmp_path) == ['a.csv']
    assert (tmp_path / 'a.csv').read_bytes() == b'all'


def test_csv():
    rows = [{'clip': 'a,b', 'other': 1}, {'clip': 'ü', 'reason': None}]
    assert (
        csv_bytes(('clip', 'reason'), rows)
        == 'clip,reason\n"a,b",\nü,\n'.encode()
    )
