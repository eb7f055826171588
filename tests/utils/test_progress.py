"""A bar on a terminal, lines in a log."""

from __future__ import annotations

import threading
from io import StringIO

import pytest
from rich.console import Console

from mmremix.utils import progress
from mmremix.utils.progress import Progress


def terminal() -> tuple[Console, StringIO]:
    sink = StringIO()
    return Console(file=sink, force_terminal=True, width=80), sink


def test_no_bar_in_a_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, 'monotonic', lambda: now[0])
    for seconds, lines in ((0.01, 1), (0.5, 10), (5.0, 10)):
        with Progress(200) as bar:
            for _ in range(200):
                now[0] += seconds
                bar.update()
        out, err = capsys.readouterr()
        said = err.splitlines()
        assert out == '' and len(said) == lines
        assert said[-1] == f'200/200 clips, {200 * seconds:.0f} s'
        assert '\r' not in err and '\x1b' not in err


def test_bar_on_a_terminal() -> None:
    console, sink = terminal()
    threads = threading.active_count()
    with Progress(3, 'batches', console=console) as bar:
        for _ in range(3):
            bar.update()
            assert threading.active_count() == threads  # callers fork
    text = sink.getvalue()
    assert '3/3' in text and 'batches' in text


def test_an_error_gives_the_terminal_back() -> None:
    console, sink = terminal()
    with pytest.raises(KeyError), Progress(3, console=console) as bar:
        bar.update()
        raise KeyError
    assert sink.getvalue().endswith('\x1b[?25h')  # the cursor shows again


@pytest.mark.parametrize(('total', 'show'), [(0, True), (2, False)])
def test_nothing_to_show(total: int, show: bool) -> None:
    console, sink = terminal()
    with Progress(total, show=show, console=console) as bar:
        for _ in range(total):
            bar.update()
    assert sink.getvalue() == ''
