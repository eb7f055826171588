"""The command line, killed ten times, ends in the same bytes.

``tools/benchmarks/prepare_kill.py`` does the same from outside, with
processes of its own that are killed by what is seen of them.
"""

from __future__ import annotations

import importlib.util
import os
import random
import signal
import stat
from pathlib import Path

import pytest

from mmremix.datasets.preparation import journal, parallel
from tests.datasets.media_files import write_clip

ROOT = Path(__file__).parents[3]


def load(path: str):
    spec = importlib.util.spec_from_file_location('tool', ROOT / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TREE = load('tools/benchmarks/kinetics_tree.py')
TOOL = load('tools/data/prepare_kinetics_sounds.py')


@pytest.fixture(scope='module')
def tree(tmp_path_factory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp('kinetics')
    clip = write_clip(folder / 'clip.mp4', seconds=0.4)
    root = folder / 'tree'
    return root, TREE.make_tree(root, Path(clip), per_class=3)


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(kind: str, number: int, log: Path) -> None:
    """In a child: note what is probed, and die at the given moment."""
    probe, replace, fsync = parallel.probe, os.replace, os.fsync
    seen = {'probe': 0, 'replace': 0}

    def noted_probe(clip: str, *rest: str):
        seen['probe'] += 1
        with log.open('a') as file:
            file.write(f'{clip}\n')
        if kind == 'probe' and seen['probe'] == number:
            die()
        return probe(clip, *rest)

    def counted_replace(old: str, new: str) -> None:
        seen['replace'] += 1
        last = seen['replace'] == number
        if last and kind == 'before':
            die()
        replace(old, new)
        if last and kind == 'after':
            die()

    def torn_fsync(handle: int) -> None:
        fsync(handle)
        is_file = stat.S_ISREG(os.fstat(handle).st_mode)
        if kind == 'half' and is_file and seen['replace'] + 1 == number:
            # As if only a part had reached the disc.
            os.ftruncate(handle, os.fstat(handle).st_size // 2)
            die()

    def torn_line(self: journal.Journal, task, found) -> None:
        if kind == 'torn' and seen['probe'] == number:
            self._file.write(self._line(task, found)[:-9])
            self._file.flush()
            die()
        add(self, task, found)

    add = journal.Journal.add
    journal.Journal.add = torn_line
    parallel.probe, os.replace = noted_probe, counted_replace
    os.fsync = torn_fsync


def run_child(arguments: list[str], kind: str, number: int, log: Path) -> int:
    """Exit status of the tool in a process of its own."""
    child = os.fork()
    if child == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            arm(kind, number, log)
            os._exit(TOOL.main(arguments))
        finally:
            os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_ten_kills_change_nothing(tree, tmp_path, capsys) -> None:
    root, reasons = tree
    whole, killed, log = (tmp_path / n for n in ('whole', 'killed', 'log'))
    TOOL.main(TREE.arguments(root, whole, workers=1))
    assert TREE.listed_reasons(whole).keys() == reasons.keys()
    for name, reason in TREE.listed_reasons(whole).items():
        assert reasons[name] in reason
    clips = len(TREE.checked(whole / '.prepare.jsonl'))
    assert clips == 31 * 3 - sum(
        name.split('_')[0] in ('missing', 'partial', 'odd') for name in reasons
    )
    rng = random.Random(4)
    moments = [
        (kind, rng.randint(2, clips // 5))
        for kind in ('probe', 'torn', 'probe', 'torn')
    ]
    # Nine files are renamed: journal, checksums, three lists, four others.
    moments += [
        (kind, rng.randint(2 * i + 1, 2 * i + 2))
        for i, kind in enumerate(('half', 'before', 'after', 'half'))
    ]
    moments += [('before', 9), ('half', 9)]
    arguments = TREE.arguments(root, killed, workers=1)
    known: set[str] = set()
    log.touch()
    for kind, number in moments:
        before = log.read_text()
        status = run_child(arguments, kind, number, log)
        assert status == -signal.SIGKILL, (kind, number)
        # What was in the journal is not probed again.
        for clip in log.read_text().removeprefix(before).splitlines():
            assert os.path.relpath(clip, killed) not in known
        keys = TREE.checked(killed / '.prepare.jsonl')
        assert len(keys) == len(set(keys))
        known = {key.split('"')[3] for key in keys}
    assert len(moments) == 10 and len(known) == clips
    capsys.readouterr()
    TOOL.main(TREE.arguments(root, killed, workers=2))
    assert capsys.readouterr().out.startswith(
        f'{clips} of {clips} clips were checked before, 0 to check\n'
    )
    assert TREE.files_of(killed) == TREE.files_of(whole)


def test_workers_change_nothing(tree, tmp_path) -> None:
    root, _ = tree
    for workers in (1, 3):
        out = tmp_path / f'w{workers}'
        TOOL.main(TREE.arguments(root, out, workers))
    one, three = (TREE.files_of(tmp_path / n) for n in ('w1', 'w3'))
    assert one == three and len(one) == 9


def end_process(clip: str, audio: str, check: str):
    if 'good_35_1' in clip:
        os._exit(1)  # as a decoder that crashes
    return {'duration': 1.0}


def test_a_worker_that_ends_is_said(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(parallel, 'probe', end_process)
    tasks = [(f'good_{i:02}_1', '', 'decode') for i in range(40)]
    book = tmp_path / 'journal'
    with pytest.raises(RuntimeError, match='for lack of memory or by a crash'):
        parallel.probe_all(tasks, str(tmp_path), book, 2, progress=False)
    # What was done before is kept.
    assert 1 <= len(TREE.checked(book)) < 40


def test_a_changed_clip_is_checked_again(tree, tmp_path, capsys) -> None:
    root, reasons = tree
    out = tmp_path / 'out'
    arguments = TREE.arguments(root, out, workers=1)
    TOOL.main(arguments)
    name = next(n for n in reasons if n.startswith('pointer'))
    path = next(root.rglob(f'{name}*'))
    pointer = path.read_bytes()
    try:
        path.write_bytes((root / 'flat' / 'good_00_1.mp4').read_bytes())
        capsys.readouterr()
        TOOL.main(arguments)
    finally:
        path.write_bytes(pointer)
    assert ', 1 to check\n' in capsys.readouterr().out
    assert name not in TREE.listed_reasons(out)
