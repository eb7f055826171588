"""Runs of other commands, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from mmremix.apis.check_keys import with_variables_allowed
from mmremix.apis.config_text import config_text
from mmremix.apis.unimodal import last_epoch
from mmremix.utils.whole_files import make_folder


class ToolRuns:
    """Train and test by the commands of a folder, leaving out what is done.

    Args:
        tools: The folder.
    """

    def __init__(self, tools: Path) -> None:
        self.tools = tools

    def run(self, tool: str, *arguments: str) -> None:
        """Run a command.

        Raises:
            SystemExit: With its status, if it fails.
        """
        done = subprocess.run(  # noqa: S603
            [sys.executable, str(self.tools / tool), *arguments]
        )
        if done.returncode:
            print(f'{tool} {" ".join(arguments)} failed; nothing is lost.')
            raise SystemExit(done.returncode)

    def train(self, cfg: Config, folder: Path, flags: Sequence[str]) -> Path:
        """Train what is not yet trained.

        Args:
            cfg: Config, written beside the folder.
            folder: Work directory.
            flags: For ``train.py``.

        Returns:
            The checkpoint of the last epoch.

        Raises:
            SystemExit: If a run of another config is there, or no
                checkpoint is left.
        """
        # Not in the folder, where the run writes its own under this name.
        config = folder.with_suffix('.py')
        write_config(cfg, config)
        there = last_epoch(folder)
        if there is None or there[0] < cfg.train_cfg.max_epochs:
            resume = [] if there is None else ['--resume']
            self.run(
                'train.py',
                str(config),
                f'--work-dir={folder}',
                *resume,
                *flags,
            )
            there = last_epoch(folder)
        else:
            print(f'{folder} is trained: {there[1]}')
        if there is None:
            raise SystemExit(f'error: {folder} has no checkpoint epoch_*.pth')
        return there[1]


def write_config(cfg: Config, path: Path) -> None:
    """Write a run's config, or make sure that it is the one there.

    Raises:
        ConfigError: If its folder cannot be written into.
        SystemExit: If another one is there, and has trained an epoch.
    """
    text = config_text(with_variables_allowed(cfg))
    make_folder(path.parent, '--work-dir DIR')
    trained = last_epoch(path.with_suffix('')) is not None
    if trained and path.is_file() and path.read_text('utf-8') != text:
        raise SystemExit(
            f'error: {path} is of another config, or of other options. '
            'Name another folder: --work-dir DIR'
        )
    path.write_text(text, encoding='utf-8')
