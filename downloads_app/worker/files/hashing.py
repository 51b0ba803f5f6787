"""SHA-256 of a file that is still arriving: it sums the bytes from the beginning up to the first gap."""

import os
from collections.abc import Callable
from hashlib import sha256

STEP_BYTES = 256 << 10
"""Bytes read per step, from the kernel's page cache. So few stay in a core's cache."""


class PrefixDigest:
    """The sum of a file's first `position` bytes. Used by one thread at a time."""

    def __init__(self) -> None:
        self.position = 0
        self._sum = sha256()

    def follow(self, descriptor: int, end: int, should_stop: Callable[[], bool]) -> None:
        """Sum the bytes up to `end`; stop earlier at the file's end or on `should_stop`. hashlib releases the GIL."""
        step = memoryview(bytearray(min(STEP_BYTES, max(0, end - self.position))))
        while self.position < end and not should_stop():
            count = os.preadv(descriptor, [step[: end - self.position]], self.position)
            if count == 0:
                return  # the file has been restarted meanwhile
            self._sum.update(step[:count])
            self.position += count

    def hexdigest(self) -> str:
        """Return the sum in lower-case hex."""
        return self._sum.hexdigest()
