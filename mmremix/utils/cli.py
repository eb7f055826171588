"""Command-line arguments that the tools share; imports nothing heavy."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mmremix.utils.errors import MmremixError


class CfgOptionsAction(argparse.Action):
    """mmengine's ``DictAction``, imported only when it is needed."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Parse ``KEY=VALUE`` pairs into a dict."""
        from mmengine.config import DictAction

        malformed = [v for v in values or () if '=' not in v]
        if malformed:
            parser.error(f'--cfg-options takes KEY=VALUE, got {malformed}')
        DictAction([], dest=self.dest)(
            parser, namespace, values, option_string
        )


def add_cfg_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--cfg-options``."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=CfgOptionsAction,
        metavar='KEY=VALUE',
        help='override config values, such as optim_wrapper.optimizer.lr=1e-4',
    )


def add_pool(parser: argparse.ArgumentParser) -> None:
    """Add ``--jobs``, ``--threads`` and ``--retry``, of many runs."""
    parser.add_argument(
        '--jobs', type=int, default=1, help='runs at a time (default: 1)'
    )
    parser.add_argument(
        '--threads', type=int, default=1, help='of each run (default: 1)'
    )
    parser.add_argument(
        '--retry',
        action='store_true',
        help='run again what has failed or diverged',
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add ``--config`` and ``--checkpoint``, both needed."""
    parser.add_argument('--config', required=True, help='config file')
    parser.add_argument('--checkpoint', required=True, help='checkpoint file')


def add_answers(parser: argparse.ArgumentParser) -> None:
    """Add ``--device``, ``--topk`` and ``--keep-blank``, of inference."""
    parser.add_argument(
        '--device', help='cpu, cuda:0, ...; default: a GPU if there is one'
    )
    parser.add_argument(
        '--topk', type=int, default=5, help='classes per prediction'
    )
    parser.add_argument(
        '--keep-blank',
        action='store_true',
        help='take silence and pictures of one colour for what they are, not '
        'for missing',
    )


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Add ``--trust``."""
    parser.add_argument(
        '--trust',
        action='store_true',
        help='run a config that lies with a run or with weights as Python; '
        'by default it is only read. One from elsewhere always runs',
    )


def add_config_arguments(
    parser: argparse.ArgumentParser,
    work_dir: str = 'where logs and results go',
) -> None:
    """Add ``--work-dir``, ``--verbose``, ``--cfg-options``, ``--launcher``.

    Args:
        parser: Gets the arguments.
        work_dir: What ``--help`` says of ``--work-dir``.
    """
    parser.add_argument('--work-dir', help=work_dir)
    parser.add_argument(
        '--verbose',
        action='store_true',
        help='show on the console all that the log file holds, and no bars',
    )
    add_cfg_options(parser)
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='job launcher',
    )
    # torchrun sets LOCAL_RANK; older launchers pass the argument.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)


@contextmanager
def errors_as_messages(*others: type[Exception]) -> Iterator[None]:
    """Show errors whose message says all without a traceback.

    Args:
        others: Errors of other packages that a tool expects.

    Raises:
        SystemExit: With status 2 after an
            :class:`~mmremix.utils.MmremixError`, with 1 after the others.
    """
    expected: tuple[type[Exception], ...] = (MmremixError, *others)
    try:
        yield
    except expected as error:
        # What the run has printed comes first.
        sys.stdout.flush()
        print(f'error: {_said(error)}', file=sys.stderr)
        status = 2 if isinstance(error, MmremixError) else 1
        raise SystemExit(status) from error


def _said(error: Exception) -> str:
    """What an error says, without the traceback of a loader's worker."""
    text = str(error)
    if 'Original Traceback (most recent call last)' in text:
        text = text.rpartition(f'{type(error).__name__}: ')[2].rstrip()
    return text


def parse_args(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Parse, and hand the local rank to mmengine."""
    args = parser.parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args
