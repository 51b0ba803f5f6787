"""How gunicorn's processes keep their connections even. Imports nothing of ours.

The processes wait on one listening socket. The kernel gives a connection to the process that asks first; under load
these are always the same processes. So each process writes its number of connections to shared memory. A process that
has clearly more than another one accepts less often.
"""

import mmap

SLOTS = 64
"""Usually more than there are processes. A process's slot is its age (gunicorn's count of processes) modulo this."""
STALE_SECONDS = 3.0
"""A process that has reported nothing for so long is stuck or gone: the others ignore it."""
MARGIN, MARGIN_SHARE = 16, 0.01
"""A process is ahead when it has over `MARGIN + MARGIN_SHARE * its own connections` more than another one."""


class Balance:
    """Made by the master; its memory is shared with the processes forked from it. Times are time.monotonic()."""

    def __init__(self) -> None:
        self._counts = memoryview(mmap.mmap(-1, 8 * SLOTS)).cast("d")
        self._told = memoryview(mmap.mmap(-1, 8 * SLOTS)).cast("d")

    def tell(self, age: int, connections: int, now: float) -> None:
        """Say how many connections the process of this age has, and that it accepts more."""
        self._counts[age % SLOTS] = connections
        self._told[age % SLOTS] = now

    def leave(self, age: int) -> None:
        """Say that the process of this age accepts no more."""
        self._told[age % SLOTS] = 0.0

    def is_ahead(self, connections: int, now: float) -> bool:
        """Whether this number of connections is clearly higher than that of another process that accepts."""
        told = zip(self._counts.tolist(), self._told.tolist(), strict=True)
        fewest = min((count for count, at in told if now - at < STALE_SECONDS), default=connections)
        return connections - fewest > MARGIN + MARGIN_SHARE * connections
