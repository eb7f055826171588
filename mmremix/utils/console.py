"""What of a run's log a person sees while it runs."""

from __future__ import annotations

import logging
import sys
from types import FrameType

from mmengine.logging import MMLogger
from rich.console import Console
from rich.text import Text

FILE_ONLY = {'console': False}
"""``logger.info(text, extra=FILE_ONLY)``: for the log file alone."""

_FRAMEWORKS = ('mmengine.', 'mmcv.', 'mmaction.')
# Of mmengine's own lines, those that say what a run starts from.
_TOLD = frozenset(('resume', 'load_checkpoint', 'load_or_resume', 'scale_lr'))
_STYLES = {logging.WARNING: 'yellow', logging.ERROR: 'bold red'}


def calm_console(logger: MMLogger) -> Console:
    """Show less of a logger on standard output; its file stays as it is.

    Warnings and errors are shown, of the rest what mmremix and the user's
    own code say, and of mmengine's what a run starts from: no configs,
    environments, lists of hooks and lines an interval. Lines come without
    the time and the name of the logger.

    Args:
        logger: Of a runner. Its handler for standard output is replaced.

    Returns:
        The console that the lines go to. Bars on the same one stay below
        them.
    """
    stream = sys.stdout
    # FORCE_COLOR would make rich draw bars into files.
    console = Console(file=stream, force_terminal=stream.isatty())
    for i, handler in enumerate(logger.handlers):
        if type(handler) is logging.StreamHandler:
            calm = ConsoleHandler(console)
            calm.setLevel(handler.level)
            for each in handler.filters:
                calm.addFilter(each)
            logger.handlers[i] = calm
    return console


class ConsoleHandler(logging.Handler):
    """Prints messages alone, above a bar if there is one.

    Args:
        console: Where to.
    """

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.console = console
        # MLflowVisBackend of mmengine looks whether it is closed.
        self.stream = console.file
        self.addFilter(is_for_people)

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        try:
            text = record.getMessage()
            if record.levelno >= logging.WARNING:
                text = f'{record.levelname.lower()}: {text}'
            # A terminal in Latin-1 need not know the names of classes.
            code = self.console.encoding
            text = text.encode(code, 'backslashreplace').decode(code)
            self.console.print(
                Text(text, _STYLES.get(record.levelno, '')),
                # Lines in a file stay whole.
                soft_wrap=not self.console.is_terminal,
            )
        except Exception:
            self.handleError(record)


def is_for_people(record: logging.LogRecord) -> bool:
    """Whether a record is more than a framework's routine.

    Called while the message is logged, by the code that logs it.
    """
    shown = getattr(record, 'console', None)
    if shown is not None:
        return bool(shown)
    module, function = _caller()
    if module == 'mmengine.fileio.file_client':
        # That mmengine calls what it deprecates itself.
        return False
    if record.levelno >= logging.WARNING:
        return True
    return not module.startswith(_FRAMEWORKS) or function in _TOLD


def _caller() -> tuple[str, str]:
    """Module and function that log; ``print_log`` hides them from records."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        module = str(frame.f_globals.get('__name__', ''))
        if module not in ('logging', __name__, 'mmengine.logging.logger'):
            return module, frame.f_code.co_name
        frame = frame.f_back
    return '', ''
