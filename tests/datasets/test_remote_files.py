"""Files of an object store: fsspec's memory stands for one."""

from __future__ import annotations

import errno
import functools
import os
import pickle
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pytest
from torch.utils.data import DataLoader

from mmremix.datasets import AVDataset, remote_files
from mmremix.datasets.local_copies import make_room
from mmremix.datasets.media import BrokenMediaError
from mmremix.datasets.remote_files import RemoteFiles
from mmremix.datasets.sample_error import SampleError
from mmremix.utils.errors import ConfigError


class ReadBytes:
    def __call__(self, results):
        with open(results['clip'], 'rb') as stream:
            text = stream.read()
        if text == b'bad':
            raise BrokenMediaError.of(results['clip'], 'is bad')
        return {'text': text, 'clip': results['clip']}


@pytest.fixture
def store(tmp_path):
    memory = fsspec.filesystem('memory')
    memory.store.clear()
    for number in range(6):
        memory.pipe(f'/bucket/clips/x/{number}.bin', b'%d' % number * 1000)
    lines = [f'x/{i}.bin,l{i % 2}' for i in range(6)]
    (tmp_path / 'a.csv').write_text('\n'.join(['clip,label', *lines]))
    yield memory
    memory.store.clear()


def dataset(tmp_path, **options):
    remote = {'url': 'memory://bucket', 'cache': str(tmp_path / 'cache')}
    return AVDataset(
        'a.csv',
        data_root=str(tmp_path),
        pipeline=[ReadBytes()],
        remote={**remote, **options.pop('remote', {})},
        **{'data_prefix': {'clip': 'clips'}, **options},
    )


def test_a_data_set_in_a_store_is_the_same(store, tmp_path):
    data = dataset(tmp_path)
    assert not (tmp_path / 'cache').exists()
    assert data[3]['text'] == b'3' * 1000
    kept = Path(data.remote.folder, 'clips', 'x', '3.bin')
    assert kept.is_relative_to(tmp_path / 'cache')
    assert data[3]['clip'] == str(kept) and kept.is_file()
    assert os.listdir(kept.parent) == ['3.bin']
    store.rm('/bucket/clips/x/3.bin')
    assert data[3]['text'] == b'3' * 1000
    here = AVDataset(
        'a.csv',
        data_root=str(tmp_path),
        data_prefix={'clip': 'clips'},
        check_files=False,
    )
    assert here.fingerprint() == data.fingerprint()
    assert here.row(2) == data.row(2)


def test_workers(store, tmp_path):
    """Each opens the store for itself; a forked memory has the files."""
    data = dataset(tmp_path)
    loader = DataLoader(data, num_workers=2, collate_fn=list)
    texts = [batch[0]['text'][:1] for batch in loader]
    assert texts == [b'%d' % i for i in range(6)]
    assert len(os.listdir(f'{data.remote.folder}/clips/x')) == 6


def test_what_is_not_there(store, tmp_path):
    store.rm('/bucket/clips/x/2.bin')
    message = r'memory://bucket/clips/x/2\.bin(.|\n)*is not there(.|\n)*line 4'
    with pytest.raises(BrokenMediaError, match=message):
        dataset(tmp_path)[2]
    assert dataset(tmp_path, on_broken='skip')[2]['text'] != b'2' * 1000


def test_a_store_that_fails(store, tmp_path, monkeypatch):
    monkeypatch.setattr(remote_files.time, 'sleep', lambda seconds: None)
    files = RemoteFiles('memory://bucket', str(tmp_path / 'cache'))
    calls = []

    def get_file(source, target):
        calls.append(source)
        with open(target, 'wb') as stream:
            stream.write(b'half')
        if len(calls) < 3:
            raise ConnectionError('gone')

    monkeypatch.setattr(files._opened[1], 'get_file', get_file)
    path = Path(files.folder, 'clips/x/1.bin')
    with pytest.raises(OSError, match=r'3 tries .*4 of 1000 bytes came'):
        files.fetch(str(path))
    assert len(calls) == 3 and os.listdir(path.parent) == []


def make_old(path, seconds):
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_the_limit(store, tmp_path):
    """Of what was loaded: nothing else in the folder is touched."""
    own = tmp_path / 'cache' / 'thesis.tex'
    own.parent.mkdir()
    own.write_bytes(b'1' * 9000)
    make_old(own, 9000)
    data = dataset(tmp_path, remote={'limit_gb': 2500 / 1e9})
    folder = Path(data.remote.folder, 'clips/x')
    for number in range(3):
        assert data[number]['text'] == b'%d' % number * 1000
    # In use just now, all of them.
    assert len(os.listdir(folder)) == 3
    for number in range(3):
        make_old(folder / f'{number}.bin', 1000 - number)
    data[0]
    data[3]
    assert sorted(os.listdir(folder)) == ['0.bin', '3.bin']
    assert own.stat().st_size == 9000


def test_each_url_has_its_files(store, tmp_path):
    """The names are the same in both."""
    store.pipe('/other/clips/x/3.bin', b'other')
    assert dataset(tmp_path)[3]['text'] == b'3' * 1000
    other = dataset(tmp_path, remote={'url': 'memory://other'})
    assert other[3]['text'] == b'other'


def test_a_bad_copy_is_loaded_again(store, tmp_path, monkeypatch):
    """Once in a run; a file that is bad in the store stays so."""
    data = dataset(tmp_path)
    path = Path(data.remote.folder, 'clips/x/1.bin')
    data[1]
    path.write_bytes(b'bad')
    make_old(path, 1000)
    assert data[1]['text'] == b'1' * 1000

    store.pipe('/bucket/clips/x/1.bin', b'bad')
    path.write_bytes(b'bad')
    make_old(path, 1000)
    loads = []
    load = RemoteFiles._load

    def counted(self, path):
        loads.append(path)
        load(self, path)

    monkeypatch.setattr(RemoteFiles, '_load', counted)
    data = dataset(tmp_path)
    for _ in range(2):
        with pytest.raises(BrokenMediaError, match='is bad'):
            data[1]
        # Also where the clocks of disk and machine differ.
        make_old(path, 1000)
    assert loads == [str(path)]
    # Where the store has none, the error is that of the copy.
    store.rm('/bucket/clips/x/1.bin')
    with pytest.raises(BrokenMediaError, match='is bad'):
        dataset(tmp_path)[1]
    assert path.read_bytes() == b'bad' and len(loads) == 2


def test_a_copy_that_was_deleted_before_it_was_read(store, tmp_path):
    data = dataset(tmp_path)
    path = Path(data.remote.folder, 'clips/x/1.bin')

    class Deletes(ReadBytes):
        def __call__(self, results):
            if not calls:
                path.unlink()
            calls.append(1)
            if not path.exists():
                raise BrokenMediaError.of(str(path), 'is gone')
            return super().__call__(results)

    calls = []
    data.pipeline.transforms[:] = [Deletes()]
    assert data[1]['text'] == b'1' * 1000 and len(calls) == 2


def test_what_is_being_loaded_is_not_deleted(store, tmp_path):
    """Nor counted; what a killed loader has left goes a day later."""
    data = dataset(tmp_path)
    data[0]
    half = Path(data.remote.folder, '.unfinished', 'half')
    half.write_bytes(b'h' * 5000)
    make_old(half, 3600)
    make_room(data.remote.folder, 1500)
    dataset(tmp_path)
    assert half.exists() and data[0]['text'] == b'0' * 1000
    make_old(half, 2 * 24 * 3600)
    dataset(tmp_path)
    assert not half.exists()


def test_a_full_disk_and_one_that_cannot_be_written(
    store, tmp_path, monkeypatch
):
    data = dataset(tmp_path)
    data[0]

    def refuse(number):
        def raises(*args):
            raise OSError(number, os.strerror(number))

        return raises

    monkeypatch.setattr(os, 'utime', refuse(errno.EROFS))
    assert data[0]['text'] == b'0' * 1000
    files = data.remote._opened[1]
    monkeypatch.setattr(files, 'get_file', refuse(errno.ENOSPC))
    with pytest.raises(SampleError, match=r'disk is full(.|\n)*limit_gb=100'):
        data[1]


def test_another_endpoint_is_another_place(tmp_path):
    """But whoever asks gets the same."""

    def folder(**options):
        made = RemoteFiles('memory://b', str(tmp_path), options=options)
        return made.folder

    here = folder(client_kwargs={'endpoint_url': 'http://one', 'token': 'a'})
    same = folder(client_kwargs={'endpoint_url': 'http://one', 'token': 'b'})
    other = folder(client_kwargs={'endpoint_url': 'http://two', 'token': 'a'})
    assert here == same != other


def test_files_of_another_user(store, tmp_path, monkeypatch):
    """They can be read, if not marked as used or deleted."""
    data = dataset(tmp_path, remote={'limit_gb': 1500 / 1e9})
    data[0]

    def refuse(path, *args):
        raise PermissionError(errno.EPERM, 'Operation not permitted', path)

    make_old(Path(data.remote.folder, 'clips/x/0.bin'), 1000)
    opened = os.open

    def read_only(path, flags, *mode, **more):
        if flags & os.O_CREAT:
            refuse(path)
        return opened(path, flags, *mode, **more)

    monkeypatch.setattr(os, 'utime', refuse)
    assert data[0]['text'] == b'0' * 1000
    monkeypatch.undo()
    data[1]
    make_old(Path(data.remote.folder, 'clips/x/1.bin'), 1000)
    monkeypatch.setattr(os, 'open', read_only)
    monkeypatch.setattr(os, 'unlink', refuse)
    make_room(data.remote.folder, 1500)
    monkeypatch.undo()
    assert len(os.listdir(f'{data.remote.folder}/clips/x')) == 1 + 1


def test_a_folder_that_cannot_be_made(store, tmp_path):
    (tmp_path / 'cache').write_text('a file')
    with pytest.raises(SampleError, match=r"remote=dict\(cache='...'\)"):
        dataset(tmp_path)[0]


def test_pickled(store, tmp_path):
    files = pickle.loads(
        pickle.dumps(RemoteFiles('memory://bucket', str(tmp_path / 'c')))
    )
    path = Path(files.folder, 'clips/x/0.bin')
    files.fetch(str(path))
    assert path.read_bytes() == b'0' * 1000
    with pytest.raises(BrokenMediaError, match='not below'):
        files.fetch(str(tmp_path / 'elsewhere'))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'url': 'bucket/clips'}, r"url must be such as 's3://bucket/clips'"),
        ({'url': 'nothing://x'}, r'nothing://x cannot be read'),
        ({'url': 'https://x/clips?a=b'}, r'is a folder.*with \? or #'),
        ({'limit_gb': 0}, r'limit_gb must be positive'),
        ({'limit_gb': '5'}, r"must be positive, got '5'"),
        ({'cache': ''}, r'cache is a folder'),
    ],
)
def test_options(tmp_path, options, message):
    given = {'url': 'memory://bucket', 'cache': str(tmp_path), **options}
    with pytest.raises(ConfigError, match=message):
        RemoteFiles(**given)


def test_a_package_that_is_missing(tmp_path, monkeypatch):
    def url_to_fs(url, **options):
        raise ImportError('Install s3fs to access S3')

    monkeypatch.setattr(fsspec.core, 'url_to_fs', url_to_fs)
    with pytest.raises(ConfigError, match=r'Install s3fs(.|\n)*pip install'):
        RemoteFiles('s3://bucket', str(tmp_path))


def test_a_prefix_must_be_of_the_store(tmp_path, store):
    with pytest.raises(ConfigError, match='relative to the url'):
        dataset(tmp_path, data_prefix={'clip': '/clips'})


# In an address these would begin something, or stand for a letter.
NAMES = ('take#2', 'take?3', 'take%20', 'take 5', 'take+6', 'täke&7=8;9')


class Quiet(SimpleHTTPRequestHandler):
    timeout = 10  # seconds

    def log_message(self, *args):
        pass


def test_a_web_server(store, tmp_path):
    """In requirements/tests.txt; fsspec needs it for http."""
    pytest.importorskip('aiohttp')
    served = tmp_path / 'served' / 'clips' / 'x'
    served.mkdir(parents=True)
    for number in range(5):
        (served / f'{number}.bin').write_bytes(b'%d' % number * 100_000)
    handler = functools.partial(Quiet, directory=str(tmp_path / 'served'))
    with ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f'http://127.0.0.1:{server.server_port}'
        data = dataset(tmp_path, remote={'url': url})
        try:
            assert data[4]['text'] == b'4' * 100_000
            loader = DataLoader(
                data, sampler=[0, 1], num_workers=1, collate_fn=list
            )
            texts = [batch[0]['text'][:1] for batch in loader]
            assert texts == [b'0', b'1']
            with pytest.raises(BrokenMediaError, match='is not there'):
                data[5]
            for name in ('take', *NAMES):
                (served / name).write_bytes(name.encode())
            for name in NAMES:
                path = Path(data.remote.folder, 'clips/x', name)
                data.remote.fetch(str(path))
                assert path.read_bytes() == name.encode()
        finally:
            server.shutdown()
