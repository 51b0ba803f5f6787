"""What a command does while it waits for a provider: Ctrl-C ends it there too."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ending_at_ctrl_c() -> Iterator[None]:
    """Let Ctrl-C end the process at once, by the signal itself. Nothing may be held that an end has to give back.

    Python would first hear of it when libcurl returns: after half a minute without an answer, or several where it asks
    again. Use it in the main thread.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:  # to be ignored, for instance
        yield
        return
    if sys.stdout is not None:
        sys.stdout.flush()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
