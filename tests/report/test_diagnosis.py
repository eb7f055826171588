"""What joint runs said at their end, on the page."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
from mmengine.config import Config

from mmremix.evaluation.diagnosis import of_samples
from mmremix.report.diagnosis import diagnosis_section


def run(folder, seed, epochs=3, **content):
    draw = np.random.default_rng(seed)
    right = {n: draw.random(50) < 0.7 for n in ('fusion', 'heads', 'a', 'b')}
    evidence = of_samples(right, draw.integers(0, 4, 50), 4).plain()
    evidence |= {'train': {'fusion': 1.0, 'a': 0.9}, 'angle': {'b': 80.0}}
    folder.mkdir()
    content = {'epoch': 3, 'evidence': evidence, **content}
    (folder / 'diagnosis.json').write_text(json.dumps(content))
    return SimpleNamespace(work_dir=folder, epochs=epochs, config=Config({}))


def group(*runs):
    return SimpleNamespace(runs=runs, title='joint <runs>')


def test_seeds_speak_together(tmp_path):
    runs = [run(tmp_path / str(seed), seed) for seed in range(3)]
    page = diagnosis_section([group(*runs)])
    assert 'id="diagnosis"' in page and 'joint &lt;runs&gt;' in page
    assert 'Seen in 3 runs on 50 samples.' in page
    assert '<td>80°</td>' in page or '80°' in page
    alone = diagnosis_section([group(runs[0])])
    assert 'Seen in one run on 50 samples; another seed' in alone


def test_what_is_not_there_or_of_another_run(tmp_path):
    missing = SimpleNamespace(work_dir=tmp_path / 'no', epochs=3)
    older = run(tmp_path / 'older', 0, epochs=2)
    assert diagnosis_section([group(missing, older)]) == ''
    broken = run(tmp_path / 'broken', 0, evidence={})
    assert 'cannot be read' in diagnosis_section([group(broken)])
