"""Files of an object store: fsspec's memory stands for one."""

from __future__ import annotations

import functools
import os
import pickle
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import fsspec
import pytest
from torch.utils.data import DataLoader

from mmremix.datasets import AVDataset, remote_files
from mmremix.datasets.media import BrokenMediaError
from mmremix.datasets.remote_files import RemoteFiles
from mmremix.utils.errors import ConfigError


class ReadBytes:
    def __call__(self, results):
        with open(results['clip'], 'rb') as stream:
            return {'text': stream.read(), 'clip': results['clip']}


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
    kept = tmp_path / 'cache' / 'clips' / 'x' / '3.bin'
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
    loader = DataLoader(dataset(tmp_path), num_workers=2, collate_fn=list)
    texts = [batch[0]['text'][:1] for batch in loader]
    assert texts == [b'%d' % i for i in range(6)]
    assert len(os.listdir(tmp_path / 'cache/clips/x')) == 6


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
    path = tmp_path / 'cache/clips/x/1.bin'
    with pytest.raises(OSError, match=r'3 tries .*4 of 1000 bytes came'):
        files.fetch(str(path))
    assert len(calls) == 3 and os.listdir(path.parent) == []


def test_the_limit(store, tmp_path):
    data = dataset(tmp_path, remote={'limit_gb': 2500 / 1e9})
    folder = tmp_path / 'cache/clips/x'
    for number in range(3):
        assert data[number]['text'] == b'%d' % number * 1000
    # In use just now, all of them.
    assert len(os.listdir(folder)) == 3
    old = time.time() - 1000
    for number in range(3):
        os.utime(folder / f'{number}.bin', (old + number, old + number))
    data[0]
    data[3]
    assert sorted(os.listdir(folder)) == ['0.bin', '3.bin']


def test_pickled(store, tmp_path):
    files = pickle.loads(
        pickle.dumps(RemoteFiles('memory://bucket', str(tmp_path / 'c')))
    )
    files.fetch(str(tmp_path / 'c/clips/x/0.bin'))
    assert (tmp_path / 'c/clips/x/0.bin').read_bytes() == b'0' * 1000
    with pytest.raises(BrokenMediaError, match='not below'):
        files.fetch(str(tmp_path / 'elsewhere'))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'url': 'bucket/clips'}, r"url must be such as 's3://bucket/clips'"),
        ({'url': 'nothing://x'}, r'nothing://x cannot be read'),
        ({'limit_gb': 0}, r'limit_gb must be positive'),
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
        finally:
            server.shutdown()
