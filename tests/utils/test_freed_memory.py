"""Memory is used again, where the C library can be told so."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from mmremix.utils import freed_memory

STEPS = """
import resource, sys, torch
from mmremix.utils.freed_memory import keep_freed_memory
kept = keep_freed_memory() if sys.argv[1] == 'kept' else False
def faults():
    for _ in range(6):
        made = [torch.zeros(3_000_000) for _ in range(12)]
        del made
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
first = faults()
print(int(kept), faults() - first)
"""


def run(how):
    done = subprocess.run(
        [sys.executable, '-c', STEPS, how],
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(word) for word in done.stdout.split()]


def test_pages_are_not_given_back(monkeypatch):
    """144 MB in each of six steps, of 4 kB pages."""
    for name in freed_memory._BY_HAND:
        monkeypatch.delenv(name, raising=False)
    kept, faults = run('kept')
    _, before = run('as it is')
    # Another C library may do as it likes; pages may be of another size.
    if kept:
        assert faults < 1000 and faults <= before


@pytest.mark.parametrize('name', freed_memory._BY_HAND)
def test_who_sets_it_by_hand_is_left_alone(monkeypatch, name):
    def refuse(*args):
        raise AssertionError('called')

    monkeypatch.setattr(ctypes, 'CDLL', refuse)
    monkeypatch.setenv(name, '1')
    assert not freed_memory.keep_freed_memory()


def test_another_c_library(monkeypatch):
    for name in freed_memory._BY_HAND:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(ctypes, 'CDLL', lambda name: object())
    assert not freed_memory.keep_freed_memory()
