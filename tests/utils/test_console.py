"""What of a log reaches the console."""

from __future__ import annotations

import logging
import sys
from io import StringIO

import pytest
from mmengine.logging import MMLogger, print_log
from mmengine.runner import Runner
from rich.console import Console

from mmremix.utils.console import FILE_ONLY, ConsoleHandler, calm_console


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(params=[StringIO, Terminal])
def logger(request, tmp_path, monkeypatch):
    stream = request.param()
    monkeypatch.setattr(sys, 'stdout', stream)
    logger = MMLogger('calm', log_file=str(tmp_path / 'run.log'))
    calm_console(logger)
    return logger, stream, tmp_path / 'run.log'


def test_routine_of_frameworks_is_for_the_file(logger):
    logger, stream, file = logger
    # As if mmengine said it: the module that logs decides.
    said = {'__name__': 'mmengine.hooks.logger_hook', 'logger': logger}
    exec('logger.info("Exp name: x"); logger.warning("look out")', said)
    logger.info('Epoch 1/3')
    logger.info('Saving', extra=FILE_ONLY)
    logger.error('gone [bold]wrong')
    text = stream.getvalue()
    assert 'Epoch 1/3' in text and 'Exp name' not in text
    assert 'warning: look out' in text and 'error: gone [bold]wrong' in text
    assert 'Saving' not in text and 'INFO' not in text
    kept = file.read_text()
    for words in ('Exp name: x', 'INFO - Epoch 1/3', 'Saving', 'look out'):
        assert words in kept


def test_print_log_is_judged_by_its_caller(logger):
    logger, stream, _ = logger
    print_log('classes taken from the labels', logger)
    said = {
        '__name__': 'mmengine.runner.checkpoint',
        'l': logger,
        'f': print_log,
    }
    exec('f("Loads checkpoint by local backend", l)', said)
    assert 'classes taken' in stream.getvalue()
    assert 'local backend' not in stream.getvalue()


def test_what_a_run_starts_from_is_told(logger):
    logger, stream, _ = logger

    def resume() -> None:
        logger.info('resumed epoch: 2, iter: 8')

    code = resume.__code__
    made = type(resume)(
        code, {'__name__': Runner.__module__}, closure=resume.__closure__
    )
    made()
    assert 'resumed epoch: 2' in stream.getvalue()


def test_only_errors_of_other_ranks(monkeypatch):
    stream = StringIO()
    monkeypatch.setattr(sys, 'stdout', stream)
    logger = MMLogger('rank')
    logger.handlers[0].setLevel(logging.ERROR)
    calm_console(logger)
    logger.warning('rank 1 wonders')
    logger.error('rank 1 fails')
    assert stream.getvalue() == 'error: rank 1 fails\n'


def test_handler_has_a_stream_as_others():
    """mmengine's MLflowVisBackend asks every handler for it."""
    stream = StringIO()
    handler = ConsoleHandler(Console(file=stream))
    assert handler.stream is stream and not handler.stream.closed
