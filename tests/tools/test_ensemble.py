from __future__ import annotations

import pickle

import numpy as np
import torch

from tests.tool_run import run_tool


def dump(path, scores, labels=(0, 1, 1)):
    samples = [
        {
            'gt_label': torch.tensor([label]),
            'pred_score': {'fusion': torch.tensor(s)},
            'clip': f'{i}.mp4',
        }
        for i, (label, s) in enumerate(zip(labels, scores, strict=True))
    ]
    path.write_bytes(pickle.dumps(samples))
    return str(path)


def run(*args):
    return run_tool('tools/analysis/ensemble.py', *args)


def test_mean_of_probabilities(tmp_path):
    # Each is right twice; the mean is right on all.
    a = dump(tmp_path / 'a', [[0.9, 0.1], [0.6, 0.4], [0.1, 0.9]])
    b = dump(tmp_path / 'b', [[0.4, 0.6], [0.1, 0.9], [0.4, 0.6]])
    rows = run(a, b).stdout.splitlines()
    found = {line.split()[0]: line.split()[1] for line in rows[2:]}
    assert float(found[a]) == np.round(2 / 3, 4)
    assert found['ensemble'] == '1.0000'
    weighted = run(a, b, '--weights', '1', '0').stdout
    assert weighted.splitlines()[-1].split()[1] == found[a]


def test_product_of_probabilities(tmp_path):
    a = dump(tmp_path / 'a', [[0.99, 0.01], [0.9, 0.1], [0.3, 0.7]])
    b = dump(tmp_path / 'b', [[0.4, 0.6], [0.2, 0.8], [0.0, 1.0]])
    # Class 0 against class 1: .396 and .006, .18 and .08 (wrong), 0 and .7.
    product = run(a, b, '--rule', 'product').stdout
    assert product.splitlines()[-1].split()[1] == '0.6667'
    c = dump(tmp_path / 'c', [[0.9, 0.1], [0.55, 0.45], [0.1, 0.9]])
    d = dump(tmp_path / 'd', [[0.9, 0.1], [0.01, 0.99], [0.1, 0.9]])
    e = dump(tmp_path / 'e', [[0.9, 0.1], [0.97, 0.03], [0.1, 0.9]])
    # Sample 2: the mean says class 0 (.51), the product class 1.
    assert run(c, d, e).stdout.splitlines()[-1].split()[1] == '0.6667'
    product = run(c, d, e, '--rule', 'product').stdout
    assert product.splitlines()[-1].split()[1] == '1.0000'


def test_other_test_sets_are_refused(tmp_path):
    a = dump(tmp_path / 'a', [[0.9, 0.1]] * 3)
    b = dump(tmp_path / 'b', [[0.9, 0.1]] * 3, labels=(1, 1, 1))
    done = run(a, b)
    assert done.returncode == 1
    assert 'not of the same test set' in done.stderr
    assert 'weights=' in run(a, a, '--weights', '1').stderr
    for weights in (('nan', '1'), ('-1', '1'), ('0', '0')):
        assert 'above 0' in run(a, a, '--weights', *weights).stderr
    c = dump(tmp_path / 'c', [[float('nan'), 0.1]] * 3)
    assert 'NaN or infinite' in run(a, c).stderr


def test_a_damaged_dump_is_named(tmp_path):
    good = dump(tmp_path / 'good', [[0.9, 0.1]] * 3)
    content = (tmp_path / 'good').read_bytes()
    (tmp_path / 'half.pkl').write_bytes(content[: len(content) // 2])
    for name, found in {
        'dict': {'pred_score': 1},
        'empty': [],
        'plain': [1, 2],
        'no_score': [{'gt_label': torch.tensor([0])}],
        'ragged': [
            {'gt_label': 0, 'pred_score': {'fusion': torch.ones(n)}}
            for n in (2, 3)
        ],
        'label_beyond': [
            {'gt_label': 5, 'pred_score': {'fusion': torch.ones(2)}}
        ],
    }.items():
        (tmp_path / f'{name}.pkl').write_bytes(pickle.dumps(found))
    for file in sorted(tmp_path.glob('*.pkl')):
        done = run(good, file)
        assert done.returncode == 1
        assert 'Traceback' not in done.stderr, done.stderr
        assert file.name in done.stderr
        assert '--dump' in done.stderr
