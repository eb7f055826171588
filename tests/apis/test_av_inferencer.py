from __future__ import annotations

import csv
import json
from io import StringIO

import av
import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from rich.console import Console

from mmremix.apis import AVInferencer, annotated_copies
from mmremix.datasets import RemixIndex
from mmremix.datasets.collate import multimodal_collate
from mmremix.registry import DATASETS
from tests.apis.trained import CLASSES, save_checkpoint
from tests.datasets.media_files import write_clip


@pytest.fixture
def inferencer(trained):
    return AVInferencer(*trained, device='cpu')


@pytest.fixture
def clips(tmp_path):
    """Good, silent, blind and broken ones."""
    folder = tmp_path / 'clips'
    folder.mkdir()
    write_clip(folder / 'good.mp4', size=(96, 80))
    write_clip(folder / 'silent.mp4', size=(96, 80), with_audio=False)
    write_clip(folder / 'blind.mp4', with_video=False)
    whole = (folder / 'good.mp4').read_bytes()
    (folder / 'torn.mp4').write_bytes(whole[: len(whole) // 2])
    return folder


def test_predicts_as_the_test_data_set_does(inferencer, demo_root):
    dataset = DATASETS.build(inferencer.cfg.test_dataloader.dataset)
    batch = multimodal_collate([dataset[i] for i in range(len(dataset))])
    with torch.no_grad():
        wanted = inferencer.model.test_step(batch)
    with open(demo_root / 'test.csv', newline='') as file:
        rows = [str(demo_root / row['clip']) for row in csv.DictReader(file)]
    found = inferencer(rows, return_datasamples=True, batch_size=5)
    for sample, right in zip(found['predictions'], wanted, strict=True):
        assert isinstance(sample, ActionDataSample)
        for name in ('fusion', 'video', 'audio'):
            torch.testing.assert_close(
                sample.pred_score[name], right.pred_score[name]
            )


def test_fusion_of_tokens_answers_without_a_modality(
    tiny_config, tmp_path, clips
):
    cfg = tiny_config('joint_demo_transformer')
    checkpoint = save_checkpoint(cfg, tmp_path / 'tokens.pth')
    infer = AVInferencer(cfg, checkpoint, device='cpu')
    names = ('good.mp4', 'silent.mp4', 'blind.mp4')
    found = infer([str(clips / name) for name in names])['predictions']
    kept = [entry['modalities'] for entry in found]
    assert kept == [['video', 'audio'], ['video'], ['audio']]
    best = [entry['topk']['fusion'][0]['score'] for entry in found]
    assert all(1 / 6 < score < 1 for score in best) and len(set(best)) == 3


def test_layout(inferencer, clips):
    result = inferencer(str(clips / 'good.mp4'), topk=2)
    assert result['visualization'] == [None]
    (entry,) = result['predictions']
    assert json.loads(json.dumps(entry)) == entry
    assert entry['modalities'] == ['video', 'audio']
    assert (entry['missing'], entry['notes'], entry['error']) == ({}, [], None)
    assert list(entry['topk']) == ['fusion', 'video', 'audio', 'heads']
    assert entry['answer'] == {'from': 'fusion', **entry['topk']['fusion'][0]}
    for best in entry['topk'].values():
        assert len(best) == 2
        assert best[0]['score'] >= best[1]['score']
        assert all(b['class'] == CLASSES[b['label']] for b in best)
    every = inferencer(clips / 'good.mp4', topk=99)['predictions'][0]['topk']
    assert sum(b['score'] for b in every['fusion']) == pytest.approx(1)


@pytest.mark.parametrize('batch_size', [1, 3])
def test_folder_with_clips_that_lack_something(inferencer, clips, batch_size):
    found = inferencer(clips, batch_size=batch_size)['predictions']
    by_name = {entry['clip'].split('/')[-1]: entry for entry in found}
    assert list(by_name) == ['blind.mp4', 'good.mp4', 'silent.mp4', 'torn.mp4']
    silent, blind = by_name['silent.mp4'], by_name['blind.mp4']
    assert silent['missing'] == {'audio': 'has no audio stream'}
    assert silent['notes'][1] == 'answered by video alone'
    assert list(silent['topk']) == ['fusion', 'video']
    assert silent['answer']['from'] == 'video'
    assert blind['modalities'] == ['audio']
    assert list(blind['topk']) == ['fusion', 'audio']
    torn = by_name['torn.mp4']
    assert torn['error'].startswith('not readable as media, or cut off')
    assert torn['topk'] == {} and torn['answer'] is None
    # The picture is the same, so the picture's own answer is.
    for silent_best, best in zip(
        silent['topk']['video'],
        by_name['good.mp4']['topk']['video'],
        strict=True,
    ):
        assert silent_best['label'] == best['label']


def test_missing_is_what_masked_is_in_training(inferencer, clips):
    dataset = DATASETS.build(inferencer.cfg.test_dataloader.dataset)
    masked = multimodal_collate([dataset[RemixIndex(0, ('video',))]])
    with torch.no_grad():
        (right,) = inferencer.model.test_step(masked)
    clip = dataset.get_data_info(0)['clip']
    (found,) = inferencer(
        {'clip': clip, 'audio': clips / 'silent.mp4'}, return_datasamples=True
    )['predictions']
    assert found.missing == {'audio': 'sound file has no audio stream'}
    for name in ('fusion', 'video'):
        torch.testing.assert_close(
            found.pred_score[name], right.pred_score[name]
        )


def test_silence_and_one_colour_count_as_missing(trained, tmp_path):
    path = write_clip(tmp_path / 'a.mp4', size=(96, 80))
    np.save(tmp_path / 'zero.npy', np.zeros(32000, np.float32))
    cfg, checkpoint = trained
    audio = cfg.test_dataloader.dataset.pipeline[1].transforms[0]
    audio.npy_sample_rate = 16000
    clip = {'clip': path, 'audio': str(tmp_path / 'zero.npy')}
    found = AVInferencer(cfg, checkpoint, 'cpu')(clip)['predictions'][0]
    reason = 'its sound is silent in the part that is used'
    assert found['missing'] == {'audio': reason}
    kept = AVInferencer(cfg, checkpoint, 'cpu', blank_is_missing=False)
    assert kept(clip)['predictions'][0]['missing'] == {}
    frames = tmp_path / 'black'
    frames.mkdir()
    black = np.zeros((80, 96, 3), np.uint8)
    av.VideoFrame.from_ndarray(black).to_image().save(frames / '1.png')
    clip = {'clip': str(frames), 'audio': path}
    found = AVInferencer(cfg, checkpoint, 'cpu')(clip)['predictions'][0]
    assert found['missing'] == {'video': 'its pictures are of one colour each'}


def test_segment_takes_the_margin_of_the_data_set(trained, tmp_path):
    cfg, checkpoint = trained
    path = write_clip(tmp_path / 'a.mp4', size=(96, 80), seconds=4)
    exact = AVInferencer(cfg, checkpoint, 'cpu')
    cfg.test_dataloader.dataset.margin = 0.5
    wide = AVInferencer(cfg, checkpoint, 'cpu')
    narrow = {'clip': path, 'start': 1.5, 'end': 2.5}
    (found,) = wide(narrow)['predictions']
    (same,) = exact({'clip': path, 'start': 1, 'end': 3})['predictions']
    assert found['topk'] == same['topk']
    assert (found['start'], found['end']) == (1.5, 2.5)
    assert exact(narrow)['predictions'][0]['topk'] != found['topk']
    late = wide({'clip': path, 'start': 9})['predictions'][0]
    assert 'starts after the end of the clip' in late['error']


def test_noise_in_the_pipeline_gives_one_answer(trained, clips):
    cfg, checkpoint = trained
    steps = cfg.test_dataloader.dataset.pipeline[1].transforms
    steps.insert(1, dict(type='AddNoise', snr_db=0))
    inferencer = AVInferencer(cfg, checkpoint, 'cpu')
    good = str(clips / 'good.mp4')
    torch.manual_seed(3)
    first, second = inferencer([good, good])['predictions']
    assert first['topk'] == second['topk']


def test_lengths_that_differ_are_noted(inferencer, tmp_path):
    path = write_clip(tmp_path / 'a.mp4', size=(96, 80), audio_seconds=1.2)
    (entry,) = inferencer(path)['predictions']
    assert entry['modalities'] == ['video', 'audio']
    assert entry['notes'][0].startswith('picture and sound differ: 2.00 s')


def test_model_of_one_modality(tiny_config, clips, tmp_path):
    cfg = tiny_config('joint_demo_concat')
    cfg.model.encoders.video = None
    cfg.model.unimodal = 'fusion'
    cfg.test_dataloader.dataset.modalities = ['audio']
    checkpoint = save_checkpoint(cfg, tmp_path / 'audio.pth')
    found = AVInferencer(cfg, checkpoint, 'cpu')(
        [str(clips / 'blind.mp4'), str(clips / 'silent.mp4')]
    )['predictions']
    assert found[0]['answer']['from'] == 'fusion'
    assert found[1]['error'] == 'no audio: has no audio stream'


def test_annotated_copies(inferencer, clips, tmp_path):
    out = tmp_path / 'out'
    result = inferencer(clips, out_dir=out)
    names = ['good.mp4', 'silent.mp4']
    written = [path for path in result['visualization'] if path]
    assert written == [str(out / name) for name in names]
    assert sorted(path.name for path in out.iterdir()) == names
    notes = result['predictions'][0]['notes']
    assert notes[-1] == 'no annotated copy: has no video stream'
    with pytest.raises(ValueError, match='written over'):
        inferencer(clips / 'good.mp4', out_dir=clips)


def test_no_clip_takes_the_predictions_of_the_others(
    inferencer, clips, tmp_path, monkeypatch
):
    real = annotated_copies.annotate_clip

    def refuse(entry, target):
        if 'silent' in entry['clip']:
            raise OSError('the muxer says no')
        real(entry, target)

    monkeypatch.setattr(annotated_copies, 'annotate_clip', refuse)
    result = inferencer(clips, out_dir=tmp_path / 'out')
    written = [path for path in result['visualization'] if path]
    assert written == [str(tmp_path / 'out' / 'good.mp4')]
    (notes,) = (
        entry['notes']
        for entry in result['predictions']
        if 'silent' in entry['clip']
    )
    assert notes[-1] == 'no annotated copy: OSError: the muxer says no'


def test_a_copy_over_its_clip_is_refused_before_predicting(
    inferencer, clips, monkeypatch
):
    monkeypatch.setattr(inferencer, 'forward', None)
    with pytest.raises(ValueError, match='written over'):
        inferencer(clips, out_dir=clips)


def test_configs_by_name_and_wrong_ones(trained):
    _, checkpoint = trained
    with pytest.raises(ValueError, match='does not fit the model'):
        AVInferencer('remix_demo_concat', checkpoint, 'cpu')
    with pytest.raises(FileNotFoundError, match='no config file gone'):
        AVInferencer('gone', checkpoint)
    with pytest.raises(ValueError, match=r'model=\.\.\.'):
        AVInferencer(weights=checkpoint)
    with pytest.raises(ValueError, match=r'weights=\.\.\.'):
        AVInferencer('remix_demo_concat')


def test_wrong_arguments_of_a_call(inferencer):
    for wrong in ({'batch_size': 0}, {'topk': 0}, {'top_k': 3}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            inferencer('gone.mp4', **wrong)


def test_pipeline_without_a_modality(trained):
    cfg, checkpoint = trained
    del cfg.test_dataloader.dataset.pipeline[1]
    with pytest.raises(ValueError, match=r"does not make \['audio'\]"):
        AVInferencer(cfg, checkpoint, 'cpu')


def test_progress_bar_on_a_terminal_only(trained, clips):
    quiet = AVInferencer(*trained, device='cpu')
    assert not quiet.show_progress  # pytest is no terminal
    shown = AVInferencer(*trained, device='cpu', show_progress=True)
    shown.console = Console(file=StringIO(), force_terminal=True)
    shown(clips, batch_size=2)
    text = shown.console.file.getvalue()
    assert '2/2' in text and 'batches' in text
