from __future__ import annotations

import os
import signal
import threading
from functools import partial

import pytest
import torch
from mmengine.hooks import Hook

from mmremix.apis import build_runner, train
from mmremix.engine import SignalHook
from mmremix.engine.watch.stop_request import StopRequest
from tests.engine.toy_run import toy_config


@pytest.fixture
def toy(tmp_path):
    return partial(toy_config, tmp_path / 'work')


class Send(Hook):
    """Sends this process signals at a point of the run."""

    priority = 'LOWEST'

    def __init__(self, epoch, point, numbers=(signal.SIGUSR1,)):
        self.epoch, self.point, self.numbers = epoch, point, numbers
        self.iterations = []

    def _send(self, runner, point):
        if (runner.epoch, point) == (self.epoch, self.point):
            for number in self.numbers:
                os.kill(os.getpid(), number)

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ):
        self.iterations.append((runner.epoch, batch_idx))
        self._send(runner, batch_idx)

    def after_train_epoch(self, runner):
        self._send(runner, 'epoch')

    def before_val_epoch(self, runner):
        self._send(runner, 'val')


def stop(cfg, send):
    runner = build_runner(cfg)
    runner.register_hook(send)
    with pytest.raises(SystemExit) as caught:
        train(runner)
    assert caught.value.code == 75
    for number in (signal.SIGTERM, signal.SIGUSR1):
        assert signal.getsignal(number) == signal.SIG_DFL
    names = os.listdir(runner.work_dir)
    return sorted(n for n in names if n.startswith('epoch_'))


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGUSR1])
def test_half_an_epoch_is_given_up(toy, number):
    send = Send(1, 2, [number])
    assert stop(toy(), send) == ['epoch_1.pth']
    assert send.iterations[-1] == (1, 2)


def test_finished_epochs_are_saved_first(toy):
    """With interval=2, epoch 1 is on no disk yet."""
    send = Send(1, 2)
    every = {'default_hooks.checkpoint.interval': 9}
    assert stop(toy(**every), send) == ['epoch_2.pth']
    assert send.iterations[-1][0] == 1 and send.iterations[-1][1] > 3


def test_between_two_epochs(toy):
    every = {'default_hooks.checkpoint.interval': 9}
    for point in ('epoch', 'val'):
        cfg = toy(**every)
        cfg.work_dir += point
        assert stop(cfg, Send(1, point)) == (
            ['epoch_2.pth'] if point == 'epoch' else ['epoch_1.pth']
        )


def test_a_second_signal_stops_at_once(toy, monkeypatch):
    monkeypatch.setattr(
        'mmremix.engine.watch.stop_request._ECHO_SECONDS', -1.0
    )
    send = Send(1, 2, [signal.SIGUSR1, signal.SIGTERM])
    every = {'default_hooks.checkpoint.interval': 9}
    assert stop(toy(**every), send) == []
    assert send.iterations[-1] == (1, 2)


def test_finish_epoch(toy):
    cfg = toy(**{'default_hooks.signal.finish_epoch': True})
    assert stop(cfg, Send(1, 2)) == ['epoch_1.pth', 'epoch_2.pth']


def test_a_run_that_was_stopped_ends_the_same(toy):
    """Saved at the end of an epoch that was not due."""
    every = {'default_hooks.checkpoint.interval': 9}

    def config(name, **more):
        cfg = toy(epochs=3, **every, **more)
        cfg.work_dir += name
        return cfg

    build_runner(config('a')).train()
    stop(config('b'), Send(0, 1))
    build_runner(config('b', resume=True)).train()
    one, other = (
        torch.load(config(n).work_dir + '/epoch_3.pth', weights_only=True)
        for n in 'ab'
    )
    for name, tensor in one['state_dict'].items():
        assert torch.equal(tensor, other['state_dict'][name]), name


def test_echoes_count_once():
    request = StopRequest(['SIGUSR1'])
    request.install()
    try:
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGUSR1)
        assert request.made and request.agreed() == 1
        assert request.name == 'SIGUSR1'
    finally:
        request.uninstall()


def test_a_handler_of_the_program_stays():
    got = []
    signal.signal(signal.SIGUSR1, lambda *args: got.append(1))
    try:
        request = StopRequest(['SIGUSR1', 'SIGTERM'])
        assert request.install() == ['SIGUSR1']
        os.kill(os.getpid(), signal.SIGUSR1)
        request.uninstall()
        assert got == [1] and not request.made
    finally:
        signal.signal(signal.SIGUSR1, signal.SIG_DFL)


def test_outside_of_the_main_thread(toy):
    runner = build_runner(toy())
    hook = SignalHook()
    thread = threading.Thread(target=hook.before_train, args=(runner,))
    thread.start()
    thread.join()
    assert hook.request.agreed() == 0
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_worker_killed_by_the_same_signal(toy):
    """Schedulers signal every process of a job."""

    class WorkerDies(Hook):
        def before_train_epoch(self, runner):
            if runner.epoch == 1:
                os.kill(os.getpid(), signal.SIGTERM)
                raise RuntimeError('DataLoader worker (pid 1) is killed')

    runner = build_runner(toy())
    runner.register_hook(WorkerDies(), priority='HIGHEST')
    with pytest.raises(SystemExit) as caught:
        train(runner)
    assert caught.value.code == 75
    runner = build_runner(toy())
    runner.register_hook(WorkerDiesAlone())
    with pytest.raises(RuntimeError, match='is killed'):
        train(runner)


class WorkerDiesAlone(Hook):
    def before_train_epoch(self, runner):
        raise RuntimeError('DataLoader worker (pid 1) is killed')


def test_arguments():
    with pytest.raises(ValueError, match="no signal 'SIGFOO'"):
        SignalHook(signals=['SIGFOO'])
    with pytest.raises(ValueError, match='at least 1, got 0'):
        SignalHook(interval=0)
