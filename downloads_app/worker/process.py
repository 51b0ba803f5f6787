"""What a process that moves bytes sets for itself before it begins."""

import ctypes
import os
import sys

from downloads_app.modes import UMASK

KEPT_BYTES = 64 << 20
SWITCH_SECONDS = 0.0005
_M_TRIM_THRESHOLD = -1  # malloc.h


def prepare_process() -> None:
    """Set how memory is kept and how Python's lock is passed on.

    1. Memory that is freed is kept (up to `KEPT_BYTES`), where the C library can be told so: otherwise what has been
       written is handed to the kernel and faulted in again for the next bytes, a fifth of a transfer's CPU.
    2. Files and folders that it makes are for their owner and group alone.
    3. The threads that sum wait less for the one that moves, which asks for the lock with every 16 KB.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)
    os.umask(UMASK)
    sys.setswitchinterval(SWITCH_SECONDS)
