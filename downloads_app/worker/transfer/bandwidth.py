"""How much bandwidth a worker may use: a token bucket, and limits that can change."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

BURST_SECONDS = 0.1
"""How many seconds of unused rate the bucket keeps. It is short, so the rate holds over every second."""


class Bandwidth:
    """A token bucket that may go into debt: bytes are charged as they arrive, then the reader waits.

    Thread-safe. The rate can change at any time. The rate None means no limit.
    """

    def __init__(self, bytes_per_second: int | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._rate = bytes_per_second
        self._credit_bytes = 0.0
        self._filled_at = clock()

    @property
    def bytes_per_second(self) -> int | None:
        return self._rate

    def change(self, bytes_per_second: int | None) -> None:
        """Set another rate. It applies to running transfers at once, and clears the debt."""
        with self._lock:
            self._rate = bytes_per_second
            self._credit_bytes = 0.0
            self._filled_at = self._clock()

    def charge(self, count_bytes: int) -> None:
        """Charge bytes that have arrived."""
        if self._rate is not None:
            with self._lock:
                self._credit_bytes -= count_bytes

    def debt_seconds(self) -> float:
        """How many seconds to wait before reading more; 0 if there is no debt."""
        if self._rate is None:
            return 0.0
        with self._lock:
            rate = self._rate
            if rate is None:
                return 0.0
            now = self._clock()
            earned = (now - self._filled_at) * rate
            self._credit_bytes = min(self._credit_bytes + earned, rate * BURST_SECONDS)
            self._filled_at = now
            return max(0.0, -self._credit_bytes / rate)


@dataclass(slots=True)
class Limits:
    """What one download may use now. Its owner may change it while the transfer runs."""

    connections: int = 16
    """Connections of this download, all files together."""
    connections_per_file: int = 4
    bandwidth: Bandwidth = field(default_factory=Bandwidth)
    """Usually one bucket shared by all downloads of the process."""
