"""Which samples are shown, and their pictures."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmremix.records import read_records
from mmremix.registry import DATASETS
from mmremix.report import load_run
from mmremix.report.sample_cards import sample_cards
from mmremix.report.sample_choice import choose_samples
from mmremix.report.sample_pictures import load_pictures
from tests.demo_run import ROOT
from tests.report.made_run import (
    LABELS,
    make_run,
    write_records,
)


def test_choice(tmp_path):
    records = read_records(make_run(tmp_path / 'a'))
    video, audio, flipped = choose_samples(records, 3)
    assert video.title == 'Most often given to video'
    # 1 to 5 always: those first that are furthest behind.
    assert video.indices == [5, 4, 3]
    assert audio.indices == [7, 6, 0]
    assert '2 of 8 samples were given to audio in every one' in audio.note
    assert flipped.indices == [0]


def test_choice_where_a_modality_gets_nothing(tmp_path):
    records = read_records(make_run(tmp_path / 'a'))
    records.assignments[:] = 0
    records.assignments[:, 2] = -1
    records.scores[:, 2] = np.nan
    (video,) = choose_samples(records, 10)
    assert sorted(video.indices) == [0, 1, 3, 4, 5, 6, 7]


@pytest.fixture
def demo_run(tiny_config, tmp_path):
    """A made-up run on the first of the demo clips, and its data set."""
    cfg = tiny_config()
    loaders = {
        name: {'dataset': cfg[name].dataset.to_dict()}
        for name in ('train_dataloader', 'val_dataloader')
    }
    for loader in loaders.values():
        loader['dataset']['indices'] = len(LABELS)
    dataset = DATASETS.build(loaders['train_dataloader']['dataset'])
    made = make_run(tmp_path / 'run', **loaders)
    (made / 'remix_records.npy').unlink()
    write_records(made, dataset, dataset.fingerprint())
    return load_run(made), dataset


def picture(address):
    head, data = address.split(',', 1)
    assert head == 'data:image/jpeg;base64'
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def test_pictures_are_the_samples(demo_run):
    run, dataset = demo_run
    pictures, problem = load_pictures(run, [0, 5])
    assert problem == '' and sorted(pictures) == [0, 5]
    # Two frames of 56 x 56 of the evaluation pipeline, side by side.
    strip = picture(pictures[5].frames['video'])
    assert strip.shape == (56, 112, 3)
    dataset = DATASETS.build(
        {
            **run.config.train_dataloader.dataset,
            'pipeline': run.config.val_dataloader.dataset.pipeline,
            'test_mode': True,
        }
    )
    frames = np.asarray(dataset[5]['inputs']['video'])
    shown = strip[:, :56].transpose(2, 0, 1).astype(float)
    frame = frames.reshape(-1, 3, 56, 56)[0].astype(float)
    # JPEG is not exact.
    assert np.abs(shown - frame).mean() < 12
    assert np.corrcoef(shown.ravel(), frame.ravel())[0, 1] > 0.95
    assert picture(pictures[0].spectrogram).std() > 10
    lows, highs, seconds = pictures[0].waveform
    assert (lows <= highs).all() and seconds == pytest.approx(0.9)


def test_cards(demo_run):
    run, _ = demo_run
    html = sample_cards(run, 3)
    assert html.count('<li>') == 3 + 3 + 1
    assert html.count('src="data:') == 2 * 7
    assert re.search(r'alt="video frames of sample 5"', html)
    assert 'train_' in html and 'no picture' not in html
    card = html.split('<li>')[-1]
    # Sample 0 at epochs 3, 4, 5.
    strip = re.findall(r'class="bar (s\d)"', card)
    assert strip == ['s2', 's1', 's2']
    assert 'Given to: video 1, audio 2 (2 flips).' in card
    assert 'Last KL: video 1.00, audio 0.90.' in card


def test_another_place(demo_run, demo_root):
    """The clips were moved: --data-root finds them."""
    run, _ = demo_run
    run.config.train_dataloader.dataset.data_root = 'gone'
    pictures, problem = load_pictures(run, [0])
    assert not pictures and '--data-root' in problem and 'gone' in problem
    pictures, problem = load_pictures(run, [0], str(demo_root))
    assert list(pictures) == [0] and problem == ''


def test_other_data(demo_run):
    """No pictures of samples that are not those of the run."""
    run, _ = demo_run
    run.config.train_dataloader.dataset.indices = [1, 0, 2, 3, 4, 5, 6, 7]
    pictures, problem = load_pictures(run, [0])
    assert not pictures and 'no longer the one' in problem


def test_broken_clip(demo_run, tmp_path):
    """The others are shown."""
    run, dataset = demo_run
    clip = Path(dataset.get_data_info(0)['clip'])
    copy = tmp_path / 'copy'
    for file in Path(dataset.data_root).rglob('*'):
        if file.is_file():
            target = copy / file.relative_to(dataset.data_root)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(b'' if file == clip else file.read_bytes())
    for broken in ('raise', 'skip'):
        run.config.train_dataloader.dataset.on_broken = broken
        pictures, problem = load_pictures(run, [0, 1], str(copy))
        assert list(pictures) == [1] and problem.startswith('Sample #0')
    assert ROOT not in copy.parents
