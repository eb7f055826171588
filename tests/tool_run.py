"""Tools and ranks that do not import everything again, which takes seconds."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import runpy
import socket
import subprocess
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path

import torch
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer

from tests.demo_run import ROOT


@dataclass(frozen=True)
class Done:
    """As ``subprocess.run`` returns it."""

    returncode: int
    stdout: str
    stderr: str


def forget_runs():
    """mmengine keeps loggers (with their files), scopes and hubs by name."""
    for manager in (MMLogger, Visualizer, MessageHub, DefaultScope):
        manager._instance_dict.clear()


def run_tool(tool, *words, cwd=ROOT):
    """What ``python tool words...`` does, prints and returns.

    Args:
        tool: Path of the file, from the root of the repository.
        words: Of the command line.
        cwd: Folder to run in.
    """
    path, folder, environment = ROOT / tool, os.getcwd(), dict(os.environ)
    argv, search, main = sys.argv, list(sys.path), sys.modules['__main__']
    out, err, status = io.StringIO(), io.StringIO(), 0
    forget_runs()
    try:
        os.chdir(cwd)
        sys.argv = [str(path), *map(str, words)]
        # Where Python puts the folder of a script.
        sys.path.insert(0, str(path.parent))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                runpy.run_path(str(path), run_name='__main__')
            except SystemExit as end:
                if isinstance(end.code, str):
                    print(end.code, file=sys.stderr)
                    status = 1
                else:
                    status = end.code or 0
            except Exception:
                traceback.print_exc()
                status = 1
    finally:
        forget_runs()
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv, sys.path[:], sys.modules['__main__'] = argv, search, main
    return Done(status, out.getvalue(), err.getvalue())


_run = subprocess.run


def tool_process(command, **options):
    """In place of ``subprocess.run``, for a tool that starts others."""
    if options or command[0] != sys.executable:
        return _run(command, **options)  # the compiler's version, say
    _python, tool, *words = command
    done = run_tool(tool, *words)
    print(done.stdout)
    print(done.stderr, file=sys.stderr)
    return done


# Forked ranks have the imports already, which spawned ones make again. What
# has started threads for a GPU cannot be forked.
START = 'spawn' if torch.accelerator.is_available() else 'fork'


def _rank(rank, world, port, folder, tool, words):
    torch.set_num_threads(1)
    os.environ.update(
        RANK=str(rank),
        LOCAL_RANK=str(rank),
        WORLD_SIZE=str(world),
        LOCAL_WORLD_SIZE=str(world),
        MASTER_ADDR='127.0.0.1',
        MASTER_PORT=str(port),
    )
    done = run_tool(tool, *words)
    Path(folder, f'done{rank}.pickle').write_bytes(pickle.dumps(done))


def free_port():
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def run_ranks(folder, tool, *words, world=2):
    """The same on several ranks over gloo; returns what each did.

    Args:
        folder: For files of this function.
        tool: Path of the file, from the root of the repository.
        words: Of the command line, without ``--launcher``.
        world: How many ranks.
    """
    words = [*map(str, words), '--launcher=pytorch']
    torch.multiprocessing.start_processes(
        _rank,
        args=(world, free_port(), str(folder), tool, words),
        nprocs=world,
        start_method=START,
    )
    files = [Path(folder, f'done{rank}.pickle') for rank in range(world)]
    return [pickle.loads(file.read_bytes()) for file in files]
