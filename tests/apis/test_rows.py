"""Inference, export and report of data sets without clips."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmremix.apis import AVInferencer, build_runner, export_model
from mmremix.apis.example_inputs import example_inputs
from mmremix.apis.infer_command import run
from mmremix.datasets.collate import multimodal_collate
from mmremix.registry import DATASETS
from mmremix.report import group_runs, load_run, render_page
from mmremix.utils.errors import ConfigError
from tests.apis.trained import save_checkpoint
from tests.array_sets import make_arrays, write_set
from tests.datasets.table_files import MODALITIES, write_table
from tests.demo_run import ROOT
from tests.report.parsed_page import ParsedPage

UTD = ('depth', 'inertial', 'skeleton')


@pytest.fixture
def arrays(tmp_path):
    """The configuration of UTD-MHAD on eight random rows."""
    write_set(tmp_path, 'utd')
    cfg = Config.fromfile(ROOT / 'configs/joint_utd_concat.py')
    for name in ('train', 'val', 'test'):
        cfg[f'{name}_dataloader'].dataset.data_root = str(tmp_path)
    return cfg, save_checkpoint(
        cfg, tmp_path / 'a.pth', [f'action {i}' for i in range(27)]
    )


@pytest.fixture
def table(tmp_path):
    """A table of which a row lacks its picture, one all but the words."""
    write_table(tmp_path, gaps=[(9, 'photo'), (10, 'photo'), (10, 'sensor')])
    dataset = dict(
        type='TableDataset',
        data_root=str(tmp_path),
        ann_file='samples.csv',
        modalities=MODALITIES,
        missing='allow',
        filter_cfg=dict(split='test'),
        test_mode=True,
    )
    linear = dict(type='MLP')
    cfg = Config(
        dict(
            model=dict(
                type='AVRecognizer',
                num_classes=3,
                encoders=dict(
                    sensor=dict(type='TemporalCNN', in_channels=4),
                    photo=dict(type='SmallCNN', in_channels=3),
                    words=dict(linear, in_channels=32),
                ),
                fusion=dict(type='ConcatFusionHead'),
                data_preprocessor=dict(type='AVDataPreprocessor'),
            ),
            test_dataloader=dict(dataset=dataset),
        )
    )
    return cfg, save_checkpoint(cfg, tmp_path / 't.pth', list('abc'))


def test_rows_of_arrays_are_predicted_as_tested(arrays):
    infer = AVInferencer(*arrays, device='cpu')
    dataset = DATASETS.build(infer.cfg.test_dataloader.dataset)
    batch = multimodal_collate([dataset[i] for i in range(len(dataset))])
    with torch.no_grad():
        wanted = infer.model.test_step(batch)
    found = infer('all', return_datasamples=True, batch_size=3)['predictions']
    assert [sample.row for sample in found] == [1, 3, 5, 7]
    for sample, right in zip(found, wanted, strict=True):
        for name in ('fusion', *UTD):
            torch.testing.assert_close(
                sample.pred_score[name], right.pred_score[name]
            )
    (one,) = infer(5)['predictions']
    assert (one['row'], one['clip']) == (5, 'row 5')
    assert one['modalities'] == list(UTD) and one['error'] is None
    assert json.loads(json.dumps(one)) == one
    assert infer([dict(row=5), 1])['predictions'][0] == one


@pytest.mark.parametrize(
    ('inputs', 'message'),
    [
        (0, r'row 0 is not among the 4 rows .*split.*: 1, 3, 5, 7\. To take'),
        ('clip.mp4', r"got 'clip.mp4', which is none.*--rows 0 5"),
        (dict(clip='a.mp4'), 'tests on rows of'),
        (True, 'tests on rows of'),
    ],
)
def test_what_is_no_row_is_refused(arrays, inputs, message):
    infer = AVInferencer(*arrays, device='cpu')
    with pytest.raises((TypeError, ValueError), match=message):
        infer(inputs)


def test_no_copies_of_rows(arrays, tmp_path):
    infer = AVInferencer(*arrays, device='cpu')
    with pytest.raises(ValueError, match='copies are made of clips'):
        infer('all', out_dir=tmp_path / 'copies')


def test_a_modality_that_the_file_lacks(arrays):
    cfg, checkpoint = arrays
    cfg.test_dataloader.dataset.modalities = ['depth', 'skeleton']
    with pytest.raises(ConfigError, match=r"has no \['inertial'\]"):
        AVInferencer(cfg, checkpoint, device='cpu')


def test_rows_of_a_table_by_line(table):
    infer = AVInferencer(*table, device='cpu')
    found = infer('all', batch_size=4)['predictions']
    assert [entry['row'] for entry in found] == [10, 11, 12, 13]
    assert found[0]['missing'] == {}
    assert found[1]['missing'] == {'photo': 'is empty'}
    assert found[1]['modalities'] == ['sensor', 'words']
    assert found[2]['answer']['from'] == 'words'
    assert found[2]['notes'][-1] == 'answered by words alone'


def test_a_row_that_cannot_be_read_stops_no_other(table, tmp_path):
    infer = AVInferencer(*table, device='cpu')
    (tmp_path / 'sensor' / '8.npy').write_bytes(b'no array')
    broken, other = infer([10, 11], batch_size=2)['predictions']
    assert '8.npy' in broken['error'] and broken['answer'] is None
    assert other['error'] is None and other['topk']


def test_report_of_a_run_on_arrays(arrays, tmp_path):
    cfg = Config.fromfile(ROOT / 'configs/remix_utd_concat.py')
    for name in ('train', 'val', 'test'):
        cfg[f'{name}_dataloader'].batch_size = 4
        cfg[f'{name}_dataloader'].dataset.data_root = str(tmp_path)
    cfg.train_cfg.max_epochs = 2
    cfg.method_remix.plan.warmup_epochs = 1
    cfg.work_dir = str(tmp_path / 'work')
    build_runner(cfg).train()
    page = render_page(group_runs([load_run(cfg.work_dir)]), samples=1)
    assert ParsedPage(page).problems == []
    assert 'depth frames of sample' in page
    assert 'not loaded' not in page and 'No samples are shown' not in page


def infer_main(monkeypatch, *args):
    """The command in this process, of parsed arguments."""
    monkeypatch.syspath_prepend(str(ROOT / 'tools'))
    import infer

    return run(infer.build_parser().parse_args([*map(str, args)]))


def test_command_on_arrays(arrays, tmp_path, monkeypatch, capsys):
    cfg, checkpoint = arrays
    config = tmp_path / 'config.py'
    cfg.dump(config)
    given = ('--config', config, '--checkpoint', checkpoint)
    out = tmp_path / 'r.json'
    status = infer_main(
        monkeypatch, *given, '--rows', 'all', '--out-json', out
    )
    printed = capsys.readouterr().out
    assert status == 0 and '4 of 4 rows predicted' in printed
    assert 'row 3' in printed
    rows = [e['row'] for e in json.loads(out.read_text())['predictions']]
    assert rows == [1, 3, 5, 7]
    for more, message in (
        (['clip.mp4'], 'not on clips. Name rows'),
        (['--rows', 'a'], 'write numbers, or all'),
        (['--rows', '1', '--start', '2'], '--start is of clips'),
        (['--rows', '1', '--annotate', 'x'], '--annotate is of clips'),
    ):
        with pytest.raises(ValueError, match=message):
            infer_main(monkeypatch, *given, *more)


def test_rows_of_a_config_of_clips(trained, tmp_path, monkeypatch):
    cfg, checkpoint = trained
    cfg.dump(tmp_path / 'config.py')
    with pytest.raises(ValueError, match='this one tests on clips'):
        infer_main(
            *(monkeypatch, '--config', tmp_path / 'config.py'),
            *('--checkpoint', checkpoint, '--rows', '1'),
        )


def test_export_of_arrays(arrays, tmp_path):
    report = export_model(*arrays, tmp_path / 'model.pt2')
    shapes = {k: v['shape'] for k, v in report.info['inputs'].items()}
    assert shapes == {
        'depth': ['batch', 12, 30, 40],
        'inertial': ['batch', 128, 6],
        'skeleton': ['batch', 64, 60],
    }
    assert report.info['inputs']['depth']['dtype'] == 'uint8'
    assert max(report.differences.values()) < 1e-4
    with pytest.raises(ConfigError, match='whose first row gives the sizes'):
        export_model(
            *(*arrays, tmp_path / 'b.pt2'), clip=dict(clip='clip.mp4')
        )


def test_sizes_of_a_table_are_those_of_a_whole_row(table):
    cfg, _ = table
    found = example_inputs(cfg.test_dataloader.dataset, tuple(MODALITIES))
    assert [tuple(found[n].shape) for n in MODALITIES] == [
        *((2, 16, 4), (2, 3, 16, 16), (2, 32))
    ]


def test_rows_of_several_lengths_have_no_size(arrays, tmp_path):
    made = make_arrays('utd')
    made['inertial_length'] = np.arange(8) + 100
    np.savez(tmp_path / 'utd.npz', **made)
    with pytest.raises(ConfigError, match="'inertial' are of several"):
        example_inputs(arrays[0].test_dataloader.dataset, UTD)
