"""How long this process may write for a download, by its own clock: never longer than in the database."""

import time
from collections.abc import Callable

MARGIN = 0.1
"""We stop when this share of the lease is left: a write may still be in progress."""


def read_clock() -> float:
    """Return seconds of a clock that also counts the machine's sleep (CLOCK_BOOTTIME)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Lease:
    """The lease of one claim. A renewal counts from the time of the request, not of the database's answer."""

    def __init__(self, seconds: float, asked_at: float, *, clock: Callable[[], float] = read_clock) -> None:
        self._clock = clock
        self._writable_seconds = seconds * (1 - MARGIN)
        self._deadline = asked_at + self._writable_seconds
        self._is_over = False

    def renew(self, asked_at: float) -> None:
        """Extend the lease after a heartbeat that the database confirmed. `asked_at`: `read_clock()` at the request."""
        self._deadline = max(self._deadline, asked_at + self._writable_seconds)

    def end(self) -> None:
        """Stop soon: the download was paused or cancelled, or another worker has it. Bytes here may still be saved."""
        self._is_over = True

    def forbid(self) -> None:
        """Allow no more writes: another worker will get the download."""
        self._is_over = True
        self._writable_seconds = 0
        self._deadline = float("-inf")

    @property
    def may_write(self) -> bool:
        """Whether this process may write: no other worker can have the download yet."""
        return self._clock() < self._deadline

    @property
    def is_over(self) -> bool:
        """Whether to stop working on the download."""
        return self._is_over or not self.may_write
