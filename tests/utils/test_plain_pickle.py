from __future__ import annotations

import io
import pickle

import pytest
import torch

from mmremix.utils.errors import MmremixError
from mmremix.utils.plain_pickle import load_plain


@pytest.mark.parametrize('protocol', [2, pickle.HIGHEST_PROTOCOL])
def test_predictions_come_back(tmp_path, protocol):
    samples = [{'gt_label': torch.tensor([1]), 'clip': 'a', 'x': (0.5, None)}]
    path = tmp_path / 'dump.pkl'
    path.write_bytes(pickle.dumps(samples, protocol=protocol))
    (found,) = load_plain(path)
    assert torch.equal(found['gt_label'], samples[0]['gt_label'])
    assert (found['clip'], found['x']) == ('a', (0.5, None))


class Runs:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return open, (self.target, 'w')


class HiddenInStorage:
    """Code within the bytes that torch would unpickle for a tensor."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        inner = io.BytesIO()
        torch.save(Runs(self.target), inner)
        return torch.storage._load_from_bytes, (inner.getvalue(),)


@pytest.mark.parametrize('kind', [Runs, HiddenInStorage])
def test_nothing_is_executed(tmp_path, kind):
    path, target = tmp_path / 'evil.pkl', tmp_path / 'written'
    path.write_bytes(pickle.dumps([kind(str(target))]))
    with pytest.raises(MmremixError, match=r'evil\.pkl is no file of pred'):
        load_plain(path)
    assert not target.exists()


@pytest.mark.parametrize('cut', range(0, 60, 7))
def test_damaged_files_are_named(tmp_path, cut):
    path = tmp_path / 'cut.pkl'
    path.write_bytes(pickle.dumps([{'gt_label': torch.ones(3)}])[:cut])
    with pytest.raises(MmremixError, match=r'cut\.pkl'):
        load_plain(path)
