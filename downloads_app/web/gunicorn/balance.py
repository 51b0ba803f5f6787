"""How gunicorn's processes keep their connections even. Imports nothing of ours.

They wait on one listening socket, and the kernel gives a connection to whoever asks first: under load, always to the
same ones. So each tells in shared memory how many it has, and who has clearly more than another asks less often.
"""

import mmap

SLOTS = 64
"""As a rule more than there are processes; a slot is a process's age (gunicorn's count of them) modulo this."""
STALE_SECONDS = 3.0
"""A process that has told nothing for so long is stuck or gone, and nobody waits for it."""
MARGIN, MARGIN_SHARE = 16, 0.01
"""How many connections more than another's are still even: so many, and this share of one's own."""


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
        """Whether so many connections are clearly more than some process has that accepts."""
        told = zip(self._counts.tolist(), self._told.tolist(), strict=True)
        fewest = min((count for count, at in told if now - at < STALE_SECONDS), default=connections)
        return connections - fewest > MARGIN + MARGIN_SHARE * connections
