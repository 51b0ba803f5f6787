"""Settings that a worker process makes for itself at its start: memory, file modes, Python's lock, open files."""

import ctypes
import gc
import os
import resource
import sys

from downloads_app.modes import UMASK

KEPT_BYTES = 64 << 20
SWITCH_SECONDS = 0.0005
NEW_OBJECTS = 50_000
_M_TRIM_THRESHOLD = -1  # malloc.h


def prepare_process() -> None:
    """Set for this process what is said below: memory, file modes, threads, garbage, open files.

    1. The C library keeps freed memory (up to `KEPT_BYTES`), if it can. Otherwise each buffer goes back to the kernel
       and is mapped again for the next bytes: a fifth of a transfer's CPU time.
    2. Only owner and group can use new files and folders.
    3. Threads switch more often. The moving thread takes Python's lock for every 16 KB, and the summing threads
       wait for it.
    4. Python looks for garbage among new objects alone: what is loaded by now stays.
    5. The process may open as many files as the system allows it, not only the usual 1,024.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has no mallopt
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)
    os.umask(UMASK)
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
