from __future__ import annotations

import numpy as np
import pytest

from mmremix.datasets import ArrayDataset
from mmremix.datasets.csv_rows import AnnotationError
from mmremix.datasets.preparation.letters import letters_arrays
from tests.datasets.media_files import write_clip

HEADER = 'clip,split,position,word,start_s,end_s\n'


def folder(root, splits):
    (root / 'clips').mkdir()
    rows = []
    for i, split in enumerate(splits):
        write_clip(root / 'clips' / f'c{i}.mp4', seconds=1.0)
        rows.append(f'c{i},{split},letter,{"ab"[i % 2]},0.3,0.6\n')
    (root / 'words.csv').write_text(HEADER + ''.join(rows))
    return root


def test_arrays_make_a_data_set(tmp_path):
    root = folder(tmp_path, ['train', 'train', 'test'])
    arrays = letters_arrays(root, snr_db=(10, -10))
    assert arrays['video'].shape == (3, 8, 32, 32)
    assert arrays['waveform'].shape == (3, 8000)
    assert arrays['label'].tolist() == [0, 1, 0]
    # More noise, more power; the same noise for the same seed.
    quiet, loud = (arrays[f'spectrogram_{n}db'] for n in (10, -10))
    assert quiet.shape == (3, 1, 129, 41)
    assert loud.mean() > quiet.mean()
    again = letters_arrays(root, snr_db=(10,))
    assert np.array_equal(again['spectrogram_10db'], quiet)
    np.savez(tmp_path / 'letters.npz', **arrays)
    dataset = ArrayDataset(
        str(tmp_path / 'letters.npz'),
        modalities={'audio': 'spectrogram_10db', 'video': 'video'},
        classes='classes',
        filter_cfg={'split': 'train'},
    )
    assert len(dataset) == 2
    assert np.array_equal(dataset[1]['inputs']['audio'], quiet[1])


def test_samples_without_a_split_are_refused(tmp_path):
    root = folder(tmp_path, ['train', ''])
    with pytest.raises(AnnotationError, match=r'c1\.mp4: has no split'):
        letters_arrays(root)
