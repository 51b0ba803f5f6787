"""How many connections a download should use: few at first, more as long as they add speed."""

import time
from collections.abc import Callable

WINDOW_SECONDS = 0.25
REST_SECONDS = 10.0
"""How long a number that proved best is kept before one more is tried again."""
REFUSED_REST_SECONDS = 60.0
WORTH_OF_MORE = 0.3
"""Doubling the connections must bring at least this share of more speed to go on."""


class ConnectionCount:
    """Decides the number of connections from the bytes that arrive. Pure arithmetic on an injected clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.target = 1
        self._tolerated: int | None = None
        self._before: tuple[int, float] | None = None
        self._window_at = clock()
        self._window_bytes = 0
        self._rest_until = 0.0

    def observe(self, total_bytes: int, flowing: int, ceiling: int) -> None:
        """Take note of all bytes so far and of how many connections have brought any of them."""
        if self._tolerated is not None:
            ceiling = min(ceiling, self._tolerated)
        self.target = max(1, min(self.target, ceiling))
        elapsed = self._clock() - self._window_at
        if flowing < self.target and elapsed < 8 * WINDOW_SECONDS:
            self._begin_window(total_bytes) if flowing == 0 else None
            return
        if elapsed < WINDOW_SECONDS or self._clock() < self._rest_until:
            return
        self._judge((total_bytes - self._window_bytes) / elapsed, ceiling)
        self._begin_window(total_bytes)

    def refuse(self, active: int) -> None:
        """The server did not want `active` connections: one for now, and never so many again."""
        self._tolerated = max(1, min(active - 1, self._tolerated or active))
        self.target = 1
        self._before = None
        self._rest_until = self._clock() + REFUSED_REST_SECONDS

    def _begin_window(self, total_bytes: int) -> None:
        self._window_at = self._clock()
        self._window_bytes = total_bytes

    def _judge(self, rate: float, ceiling: int) -> None:
        if self._before is not None:
            count, rate_before = self._before
            wanted = 1 + WORTH_OF_MORE * (self.target / count - 1)
            if rate < rate_before * wanted:
                self.target = count
                self._before = None
                self._rest_until = self._clock() + REST_SECONDS
                return
        if self.target < ceiling:
            self._before = (self.target, rate)
            self.target = min(self.target * 2, ceiling)
