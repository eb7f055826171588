from __future__ import annotations

from mmremix.utils import progress
from mmremix.utils.progress import Progress


def test_no_bar_in_a_log(monkeypatch, capsys) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, 'monotonic', lambda: now[0])
    for seconds, lines in ((0.01, 1), (0.5, 10), (5.0, 10)):
        bar = Progress(200)
        for _ in range(200):
            now[0] += seconds
            bar.update()
        out = capsys.readouterr().out.splitlines()
        assert len(out) == lines
        assert out[-1] == f'200/200 clips, {200 * seconds:.0f} s'
        assert not any('\r' in line for line in out)
