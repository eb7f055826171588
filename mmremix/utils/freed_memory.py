"""Memory that is freed and soon needed again."""

from __future__ import annotations

import ctypes
import os
import sys

# Of <malloc.h>.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_TRIM_BYTES, _MMAP_BYTES = 2**31 - 1, 2**25
_BY_HAND = (
    *('MALLOC_TRIM_THRESHOLD_', 'MALLOC_MMAP_THRESHOLD_'),
    *('GLIBC_TUNABLES', 'LD_PRELOAD'),
)


def keep_freed_memory() -> bool:
    """Let the C library keep what is freed, for the next step.

    The activations of a training step on a CPU are freed at its end. glibc
    then gives the pages back to the system, which clears them anew when the
    next step needs them: 180,000 page faults an epoch of GRID letters, 0.4 of
    10 s. Results are the same bits, and the most memory that the process
    needs is about the same; it only gives less of it back meanwhile.

    Returns:
        Whether it does: on Linux with glibc, unless the environment sets its
        memory up (``MALLOC_TRIM_THRESHOLD_`` and such).
    """
    if sys.platform != 'linux' or any(map(os.environ.get, _BY_HAND)):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return False  # another C library
    # Setting the one turns off that glibc adapts the other.
    return bool(
        mallopt(_TRIM_THRESHOLD, _TRIM_BYTES)
        and mallopt(_MMAP_THRESHOLD, _MMAP_BYTES)
    )
