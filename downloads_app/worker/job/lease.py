"""How long this process may write for a download, by its own clock: never longer than the database thinks."""

import time
from collections.abc import Callable

MARGIN = 0.1
"""The share of a lease that is left unused at its end, for a write that is under way."""


def read_clock() -> float:
    """Return seconds of a clock that also runs while the machine sleeps (CLOCK_BOOTTIME)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Lease:
    """The lease of one claim. A renewal counts from when it was asked for, not from when it was answered."""

    def __init__(self, seconds: float, asked_at: float, *, clock: Callable[[], float] = read_clock) -> None:
        self._clock = clock
        self._writable_seconds = seconds * (1 - MARGIN)
        self._deadline = asked_at + self._writable_seconds
        self._is_over = False

    def renew(self, asked_at: float) -> None:
        """Extend after a heartbeat that the database confirmed."""
        self._deadline = max(self._deadline, asked_at + self._writable_seconds)

    def end(self) -> None:
        """Stop soon: the download was paused, cancelled, or is somebody else's. What is here may be saved."""
        self._is_over = True

    def forbid(self) -> None:
        """Not a byte more from now on, as the download is being given to somebody else."""
        self._is_over = True
        self._writable_seconds = 0
        self._deadline = float("-inf")

    @property
    def may_write(self) -> bool:
        """Whether nobody else can have the download yet."""
        return self._clock() < self._deadline

    @property
    def is_over(self) -> bool:
        """Whether to stop working on the download."""
        return self._is_over or not self.may_write
