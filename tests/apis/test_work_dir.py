"""One training at a time in a folder; tests beside it."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import time

import pytest
from mmengine.config import Config

from mmremix.apis import WorkDirInUseError, build_runner, work_dir
from mmremix.utils.errors import ConfigError
from tests.demo_run import ROOT
from tests.engine.toy_run import toy_config
from tests.tool_run import run_ranks


def hold_with_a_child(folder, told):
    """Hold a folder, with a child that outlives it, as a worker may."""
    work_dir.hold(folder)
    child = os.fork()
    if child:
        os.write(told, f'{child}\n'.encode())
    time.sleep(60)


@pytest.fixture
def holder(tmp_path):
    """A process that holds ``work``, and the number of its child."""
    read, told = os.pipe()
    process = multiprocessing.get_context('fork').Process(
        target=hold_with_a_child, args=(tmp_path / 'work', told)
    )
    process.start()
    os.close(told)
    with os.fdopen(read) as pipe:
        child = int(pipe.readline())
    yield process, child
    process.kill()
    process.join()
    os.kill(child, signal.SIGKILL)


def files(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob('*'))


def test_a_second_run_is_refused_and_writes_nothing(tmp_path, holder):
    process, _ = holder
    work = tmp_path / 'work'
    (work / 'epoch_1.pth').touch()
    before = files(work)
    (tmp_path / 'link').symlink_to(work)
    for folder in (work, tmp_path / 'link'):
        with pytest.raises(WorkDirInUseError) as caught:
            build_runner(toy_config(folder))
        assert str(folder) in str(caught.value)
        assert f'process {process.pid} on ' in str(caught.value)
        assert '--work-dir' in str(caught.value)
    assert files(work) == before


def test_a_kill_leaves_no_lock_even_if_a_worker_lives_on(tmp_path, holder):
    process, child = holder
    process.kill()
    process.join()
    os.kill(child, 0)  # still there
    runner = build_runner(toy_config(tmp_path / 'work', epochs=1))
    assert work_dir.holds(runner.work_dir)
    runner.train()
    assert not work_dir.holds(runner.work_dir)


def test_a_test_writes_beside_a_training(tmp_path, holder):
    work = tmp_path / 'work'
    before = files(work)
    cfg = toy_config(work)
    cfg.test_dataloader, cfg.test_evaluator = (
        cfg.val_dataloader,
        cfg.val_evaluator,
    )
    cfg.test_cfg = {}
    runner = build_runner(cfg, training=False)
    runner.test()
    new = set(files(work)) - set(before)
    own = os.path.basename(runner.log_dir)
    assert new and all(name.split('/')[0] == own for name in new)


def test_a_fork_does_not_hold_what_its_parent_holds(tmp_path):
    work_dir.hold(tmp_path)
    child = os.fork()
    if not child:
        try:
            work_dir.hold(tmp_path)
        except WorkDirInUseError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert work_dir.holds(tmp_path)
    work_dir.release(tmp_path)


def test_a_runner_that_cannot_be_built_lets_go(tmp_path):
    cfg = toy_config(tmp_path / 'work')
    cfg.model.type = 'Unknown'
    with pytest.raises(ConfigError, match="type='Unknown'"):
        build_runner(cfg)
    assert not work_dir.holds(tmp_path / 'work')


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    def lockf(file, flags):
        raise OSError(errno.ENOLCK, 'No locks available')

    monkeypatch.setattr(work_dir.fcntl, 'lockf', lockf)
    with pytest.warns(UserWarning, match='cannot be locked .No locks avail'):
        work_dir.hold(tmp_path)
    assert not work_dir.holds(tmp_path)


def test_all_ranks_end_if_the_folder_is_taken(tmp_path, holder):
    config = tmp_path / 'config.py'
    config.write_text(f"_base_ = ['{ROOT}/configs/remix_demo_concat.py']\n")
    done = run_ranks(
        tmp_path, 'tools/train.py', config, f'--work-dir={tmp_path / "work"}'
    )
    for rank in done:
        assert rank.returncode == 2
        assert rank.stderr.count('error: Another run is training in the') == 1


def test_the_copy_of_a_config_keeps_its_order(tiny_config):
    """The order of the encoders is that of the features in the head."""
    cfg = tiny_config()
    cfg.model.encoders = dict(reversed(list(cfg.model.encoders.items())))
    runner = build_runner(cfg, training=False)
    (path,) = (p for p in os.listdir(runner.log_dir) if p.endswith('.py'))
    copy = Config.fromfile(os.path.join(runner.log_dir, path))
    assert list(copy.model.encoders) == list(cfg.model.encoders)
    assert copy.to_dict() == runner.cfg.to_dict()
