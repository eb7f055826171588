"""Whatever is in a file or a name: a clip, or an error that names it."""

from __future__ import annotations

import struct

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mmremix.datasets.media import (
    AudioClip,
    BrokenMediaError,
    WaveformFile,
)
from mmremix.datasets.media.frame_folder import _natural

_HEADERS = st.fixed_dictionaries(
    {
        'descr': st.sampled_from(['<f4', '<i2', '|u1', '|O', '<M8[s]', 'x', 5])
        | st.text(max_size=6),
        'fortran_order': st.booleans() | st.none(),
        'shape': st.lists(st.integers(-5, 2**70), max_size=3).map(tuple)
        | st.none(),
    }
).map(repr)


@settings(deadline=None, max_examples=150)
@given(
    header=_HEADERS | st.text(max_size=40),
    data=st.binary(max_size=200),
    version=st.sampled_from([1, 2, 3, 9]),
)
@example("{'descr': '<f4', 'shape': (9**9**9,)}", b'', 1)
@example('(' * 3000, b'', 1)
def test_header_of_npy(tmp_path_factory, header, data, version):
    path = tmp_path_factory.getbasetemp() / 'fuzzed.npy'
    text = header.encode(errors='replace')
    size = struct.pack('<H' if version == 1 else '<I', len(text))
    path.write_bytes(b'\x93NUMPY' + bytes([version, 0]) + size + text + data)
    try:
        with WaveformFile(str(path), 8000) as clip:
            assert np.isfinite(clip.read()).all()
    except BrokenMediaError as error:
        assert 'fuzzed.npy: ' in str(error)


_WORDS = st.integers(0, 2**16 - 1) | st.sampled_from([0, 1, 2, 8, 16, 65535])


@settings(deadline=None, max_examples=150)
@given(
    tag=st.sampled_from([0, 1, 2, 3, 6, 7, 17, 49, 85, 255, 65534]),
    channels=_WORDS,
    rate=st.integers(0, 2**32 - 1) | st.sampled_from([8000, 44100]),
    bytes_a_second=st.integers(0, 2**32 - 1),
    block=_WORDS,
    bits=_WORDS,
    more=st.binary(max_size=60),
)
def test_header_of_wav(
    tmp_path_factory, tag, channels, rate, bytes_a_second, block, bits, more
):
    path = tmp_path_factory.getbasetemp() / 'fuzzed.wav'
    form = struct.pack(
        '<HHIIHH', tag, channels, rate, bytes_a_second, block, bits
    )
    form += struct.pack('<H', len(more)) + more
    body = b'WAVEfmt ' + struct.pack('<I', len(form)) + form
    sound = (np.arange(2000) % 50).astype('<i2').tobytes()
    body += b'data' + struct.pack('<I', len(sound)) + sound
    path.write_bytes(b'RIFF' + struct.pack('<I', len(body)) + body)
    try:
        with AudioClip(str(path)) as clip:
            waveform = clip.read(None, None, 16000)
        assert np.isfinite(waveform).all()
    except BrokenMediaError as error:
        assert 'fuzzed.wav: ' in str(error)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.text(st.characters(), min_size=1, max_size=12), max_size=6))
@example(['²', '1²', '٣', '10', '9', '1' * 250])
def test_names_of_frames_can_be_sorted(names):
    ordered = sorted(names, key=_natural)
    assert sorted(ordered) == sorted(names)
