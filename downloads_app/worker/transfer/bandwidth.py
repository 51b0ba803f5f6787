"""How much a worker may take of the line: a token bucket, and limits that can change."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

BURST_SECONDS = 0.1
"""What may be saved up while nothing arrives, so that the rate holds over every second."""


class Bandwidth:
    """A token bucket that may go into debt: bytes are charged as they arrive, then one waits out the debt.

    Thread-safe; the rate can be changed at any time. None is no limit.
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
        """Set another rate; running transfers feel it at once, and old debts are forgiven."""
        with self._lock:
            self._rate = bytes_per_second
            self._credit_bytes = 0.0
            self._filled_at = self._clock()

    def charge(self, count_bytes: int) -> None:
        """Account for bytes that have arrived."""
        if self._rate is not None:
            with self._lock:
                self._credit_bytes -= count_bytes

    def debt_seconds(self) -> float:
        """How long to wait before taking more; 0 where there is room."""
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
    """What one download may use at this moment; whoever holds it may change it while the transfer runs."""

    connections: int = 16
    """Connections of this download, all files together."""
    connections_per_file: int = 4
    bandwidth: Bandwidth = field(default_factory=Bandwidth)
    """Usually one bucket shared by all downloads of the process."""
