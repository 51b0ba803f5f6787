"""The pause between two frames of what is drawn anew, and Ctrl-C, which is noticed there."""

import gc
import signal
import time
from types import FrameType, TracebackType

INTERVAL_SECONDS = 1.0
INTERRUPTED = 130
"""The exit code of a command that Ctrl-C has ended: 128 plus the signal's number."""
NEW_OBJECTS = 5_000
"""Between two searches for garbage. What is loaded when the first frame is made stays; a frame leaves hundreds."""


class Beat:
    """Lets Ctrl-C wait for the pause while a frame is made. Use it as a context manager, in the main thread.

    In the middle of a statement it would leave a session that SQLAlchemy refuses to close. A second Ctrl-C does not
    wait: the database may hang.
    """

    def __init__(self) -> None:
        self._is_pausing = self._is_due = False

    def __enter__(self) -> "Beat":
        self._before = signal.signal(signal.SIGINT, self._notice)
        gc.freeze()
        gc.set_threshold(NEW_OBJECTS)
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _notice(self, _number: int, _frame: FrameType | None) -> None:
        if self._is_pausing or self._is_due:
            raise KeyboardInterrupt
        self._is_due = True

    def pause(self) -> None:
        """Wait for the next frame's time; raises KeyboardInterrupt at Ctrl-C, also at one that came before."""
        self._is_pausing = True
        try:
            if self._is_due:
                raise KeyboardInterrupt
            time.sleep(INTERVAL_SECONDS)
        finally:
            self._is_pausing = False
