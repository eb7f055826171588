"""The command-line tools, as a user runs them."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from functools import partial

import pytest
import torch
from mmengine.config import Config

from mmremix.report import group_runs, load_run
from mmremix.report.sections_missing import missing_section
from tests.demo_run import NUM_TEST, NUM_TRAIN, ROOT, tiny_options
from tests.tool_run import run_ranks, run_tool

CONFIG = 'configs/remix_demo_concat.py'


def start(*args):
    """In a process of its own, as a user does it."""
    done = subprocess.run(
        [sys.executable, *args],
        cwd=ROOT,
        env={**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def run(*args, check=True):
    done = run_tool(*args)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def options(demo_root, **more):
    pairs = {**tiny_options(demo_root, **more)}
    return ['--cfg-options', *(f'{k}={v}' for k, v in pairs.items())]


@pytest.fixture(scope='module')
def work_dir(demo_root, tmp_path_factory):
    """A run of two epochs, one of them remixed, with two workers."""
    work_dir = tmp_path_factory.mktemp('run') / 'work'
    start(
        'tools/train.py',
        CONFIG,
        f'--work-dir={work_dir}',
        *options(demo_root, epochs=2),
        'train_dataloader.num_workers=2',
        'train_dataloader.persistent_workers=True',
        # Loses against the flag.
        'randomness.seed=5',
        '--seed=7',
    )
    return work_dir


def test_trained(work_dir):
    checkpoint = torch.load(work_dir / 'epoch_2.pth', weights_only=True)
    assert checkpoint['meta']['seed'] == 7
    assert checkpoint['meta']['epoch'] == 2
    assert checkpoint['plan']['epoch'] == 1
    assert list(work_dir.glob('best_acc_fusion_top1_epoch_*.pth'))


def test_nothing_in_a_checkpoint_needs_unpickling(work_dir):
    for path in work_dir.glob('*.pth'):
        unsafe = torch.serialization.get_unsafe_globals_in_checkpoint(path)
        assert unsafe == []


def test_summary(work_dir):
    text = run('tools/analysis/summarize.py', str(work_dir))
    assert re.search(r'end of warm-up +1( +[01]\.\d{4}){4}', text)
    assert re.search(r'end of training +2( +[01]\.\d{4}){4}', text)
    counts = re.search(r'\n2 +(\d+) +(\d+) +0 +[01]\.\d{4}\n', text)
    assert int(counts[1]) + int(counts[2]) == NUM_TRAIN


def test_resume(work_dir, demo_root):
    text = run(
        'tools/train.py',
        CONFIG,
        f'--work-dir={work_dir}',
        '--resume',
        *options(demo_root, epochs=3),
    )
    assert 'resumed epoch: 2' in text
    assert 'Remix epoch 3:' in text and 'Remix epoch 2:' not in text
    summary = run('tools/analysis/summarize.py', str(work_dir))
    assert re.search(r'end of warm-up +1 ', summary)
    assert re.search(r'end of training +3 ', summary)


def test_test_and_dump(work_dir, demo_root, tmp_path):
    dump = tmp_path / 'out.pkl'
    text = run(
        'tools/test.py',
        CONFIG,
        str(work_dir / 'epoch_2.pth'),
        '--subsets',
        f'--dump={dump}',
        *options(demo_root),
    )
    for name in ('fusion', 'video', 'audio', 'heads'):
        assert re.search(rf'\n{name}( +[01]\.\d{{4}}){{3}}', text)
    predictions = pickle.loads(dump.read_bytes())
    assert len(predictions) == NUM_TEST
    scores = predictions[0]['pred_score']
    assert list(scores) == ['fusion', 'video', 'audio', 'heads']
    assert float(scores['audio'].sum()) == pytest.approx(1)
    # Kept with the training, where the report looks.
    page = missing_section(group_runs([load_run(work_dir)]))
    assert 'test set, epoch_2.pth' in page


def test_a_config_without_randomness(demo_root, tmp_path):
    """mmengine would ask for a seed; as one file, printed by mmengine."""
    cfg = Config.fromfile(ROOT / CONFIG)
    cfg.merge_from_dict(tiny_options(demo_root, epochs=2))
    cfg.pop('randomness')
    (tmp_path / 'whole.py').write_text(cfg.pretty_text)
    text = run(
        'tools/train.py',
        str(tmp_path / 'whole.py'),
        f'--work-dir={tmp_path / "work"}',
    )
    assert 'Remix epoch 2:' in text


def test_a_mistake_in_a_config_is_one_message(demo_root, tmp_path):
    text = run(
        'tools/train.py',
        CONFIG,
        f'--work-dir={tmp_path}',
        *options(demo_root),
        'model.num_classes=5',
        check=False,
    )
    last = text.strip().splitlines()[-1]
    assert last.startswith('error: train_dataloader has 6 classes')
    assert 'Traceback' not in text


def test_places_that_cannot_be_written(work_dir, demo_root, tmp_path):
    (tmp_path / 'file').touch()
    place = tmp_path / 'file' / 'x'
    end = f'into the folder {place}: Not a directory. Name another: --'
    test = ['tools/test.py', CONFIG, work_dir / 'epoch_2.pth']
    for words in (
        ['tools/train.py', CONFIG, f'--work-dir={place}'],
        [*test, f'--out-json={place}/a.json'],
        [*test, f'--dump={place}/a.pkl'],
    ):
        text = run(*words, *options(demo_root), check=False)
        assert end in text.strip().splitlines()[-1]
        assert 'Traceback' not in text


def test_no_validate_scores_with_the_test_pipeline(demo_root, tmp_path):
    text = run(
        'tools/train.py',
        CONFIG,
        f'--work-dir={tmp_path}',
        '--no-validate',
        *options(demo_root, epochs=2),
    )
    assert 'Remix epoch 2:' in text and 'Epoch(val)' not in text


def test_mixed_precision_without_a_gpu(demo_root, tmp_path):
    """bfloat16 in both phases; weights stay in float32."""
    out = run(
        'tools/train.py',
        CONFIG,
        '--amp',
        f'--work-dir={tmp_path}',
        *options(demo_root, epochs=2),
    )
    assert 'Remix epoch 2' in out
    weights = torch.load(tmp_path / 'epoch_2.pth', weights_only=True)
    kinds = {x.dtype for x in weights['state_dict'].values()}
    assert torch.bfloat16 not in kinds and torch.float32 in kinds


@pytest.fixture(scope='module')
def two_ranks(demo_root, tmp_path_factory):
    """A remix-only run on two ranks and one on one, and who trained on what.

    Over gloo; through torchrun: test_torchrun_starts_again.
    """
    folder = tmp_path_factory.mktemp('ranks')
    config = folder / 'config.py'
    config.write_text(
        f"_base_ = ['{ROOT / CONFIG}']\n"
        "custom_imports = dict(imports=['tests.tools.rank_recorder'])\n"
        # A cache that the ranks share; in float32 it changes nothing.
        "method_remix = dict(plan=dict(cache=dict(float_type='float32')))\n"
    )
    found = {}
    for number, call in ((2, partial(run_ranks, folder)), (1, run_tool)):
        work_dir = folder / str(number)
        done = call(
            'tools/train.py',
            str(config),
            f'--work-dir={work_dir}',
            *options(demo_root, epochs=2 if number == 2 else 1, warmup=0),
            'default_hooks.recorder.type=RankRecorder',
        )
        for rank in done if number == 2 else [done]:
            assert rank.returncode == 0, rank.stdout + rank.stderr
        found[number] = [
            torch.load(work_dir / f'rank{rank}.pt', weights_only=True)
            for rank in range(number)
        ]
    return folder, found


def test_two_ranks_train_in_step(two_ranks):
    """One modality a step on both ranks, every sample once, equal weights."""
    _, found = two_ranks
    first, second = found[2]
    for epoch, other in zip(first['epochs'], second['epochs'], strict=True):
        assignments = epoch['assignments'].tolist()
        assert assignments == other['assignments'].tolist()
        seen = []
        for step, same in zip(epoch['steps'], other['steps'], strict=True):
            kept = {tuple(a) for a in step['active'] + same['active']}
            assert len(kept) == 1
            ((name,),) = kept
            indices = step['indices'] + same['indices']
            assert {assignments[i] for i in indices} == {
                ('video', 'audio').index(name)
            }
            seen += indices
        assert set(seen) == set(range(NUM_TRAIN))
        # Odd numbers of samples of a modality: one of each repeated.
        assert len(seen) == sum(
            count + count % 2
            for count in (assignments.count(0), assignments.count(1))
        )
    assert first['weights'].keys() == second['weights'].keys()
    for name, value in first['weights'].items():
        assert torch.equal(value, second['weights'][name]), name


def test_two_ranks_decide_like_one(two_ranks):
    """On the same weights, those that both runs begin with."""
    _, found = two_ranks
    assert torch.equal(
        found[2][0]['epochs'][0]['assignments'],
        found[1][0]['epochs'][0]['assignments'],
    )


def test_two_ranks_test(two_ranks, demo_root, tmp_path):
    folder, _ = two_ranks
    done = run_ranks(
        tmp_path,
        'tools/test.py',
        CONFIG,
        str(folder / '2' / 'epoch_2.pth'),
        f'--work-dir={tmp_path / "test"}',
        *options(demo_root),
    )
    assert [rank.returncode for rank in done] == [0, 0], done
    # Rank 0 alone prints.
    assert [rank.stdout.count('\nfusion ') for rank in done] == [1, 0]


def test_torchrun_starts_again(demo_root, tmp_path):
    """A rank is killed once; with --resume all go on where it was."""
    config = tmp_path / 'config.py'
    config.write_text(
        f"_base_ = ['{ROOT / CONFIG}']\n"
        "custom_imports = dict(imports=['tests.tools.rank_faults'])\n"
        f"custom_hooks = [dict(type='KillOnce', marker='{tmp_path}/killed')]\n"
    )
    text = start(
        # As tools/dist_train.sh does it.
        *('-m', 'torch.distributed.run'),
        *('--standalone', '--nproc-per-node=2', '--max-restarts=1'),
        'tools/train.py',
        str(config),
        f'--work-dir={tmp_path / "run"}',
        '--launcher=pytorch',
        '--resume',
        *options(demo_root, epochs=2),
        'train_dataloader.batch_size=2',
        'default_hooks.checkpoint.by_epoch=False',
    )
    assert (tmp_path / 'killed').exists()
    assert text.count('Going on after 2 batches of epoch 2.') == 1
    last = (tmp_path / 'run' / 'last_checkpoint').read_text()
    checkpoint = torch.load(last, weights_only=True)
    assert checkpoint['position']['done'] in (0, 7, 8)
    assert checkpoint['meta']['iter'] >= 14


def test_help_is_light():
    code = (
        'import runpy, sys; sys.argv = ["train.py", "--help"]\n'
        'try: runpy.run_path("tools/train.py", run_name="__main__")\n'
        'except SystemExit: pass\n'
        'heavy = {"torch", "mmengine", "mmcv", "cv2"} & set(sys.modules)\n'
        'assert not heavy, heavy'
    )
    assert '--resume' in start('-c', code)


def test_malformed_option():
    text = run('tools/train.py', CONFIG, '--cfg-options', 'a.b', check=False)
    assert "--cfg-options takes KEY=VALUE, got ['a.b']" in text
