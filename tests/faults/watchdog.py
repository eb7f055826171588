"""Run cases in a process that is ended when it hangs."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from typing import Any

HANG = 'hang'
CRASH = 'crash'


def run_all(
    number: int, run: Callable[[int], Any], seconds: float = 20.0
) -> Iterator[tuple[int, str, Any]]:
    """Call ``run(0)`` to ``run(number - 1)`` in one child process.

    A call that takes too long, or that ends the process, is named and the
    rest goes on in a new process.

    Args:
        number: How many.
        run: The function; a closure will do, the process is forked.
        seconds: Limit of one call.

    Yields:
        Number; ``'done'``, ``'error'``, :data:`HANG` or :data:`CRASH`; and
        what it returned or the text of its error.
    """
    context = multiprocessing.get_context('fork')
    begin = 0
    while begin < number:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(
            target=_work, args=(theirs, begin, number, run), daemon=True
        )
        process.start()
        theirs.close()
        while begin < number:
            try:
                if not ours.poll(seconds):
                    yield begin, HANG, None
                    break
                status, value = ours.recv()
            except EOFError:
                process.join()
                yield begin, CRASH, process.exitcode
                break
            yield begin, status, value
            begin += 1
        else:
            begin -= 1
        begin += 1
        process.kill()
        process.join()
        ours.close()


def _work(
    pipe: Any, begin: int, number: int, run: Callable[[int], Any]
) -> None:
    for index in range(begin, number):
        try:
            message = 'done', run(index)
        except Exception as error:
            message = 'error', f'{type(error).__name__}: {error}'
        pipe.send(message)
