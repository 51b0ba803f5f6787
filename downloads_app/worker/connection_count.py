"""How many connections a download should use: few at first, more as long as they add speed."""

import time
from collections.abc import Callable

GROWTH = 4
"""1, 4, 16: a server that limits each connection is used to the full after two looks."""
WINDOW_SECONDS = 0.15
PATIENCE_SECONDS = 2.0
"""How long new connections may take to bring their first byte before they are judged all the same."""
REST_SECONDS = 3.0
MAX_REST_SECONDS = 48.0
"""After a number that brought nothing, the better one is kept for this long; twice as long each time."""
REFUSED_REST_SECONDS = 60.0
OTHER_WEATHER = 0.7
"""A speed below this share is not the work of more connections: the line has changed, so compare anew."""
WORTH_OF_MORE = 0.1
"""Each connection added, as a share of those before, must bring at least this share of its own of more speed."""


class ConnectionCount:
    """Decides the number of connections from the bytes that arrive. Pure arithmetic on an injected clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.target = 1
        self._tolerated: int | None = None
        self._before: tuple[int, float] | None = None
        """The number that is compared with, and its speed, while a larger one is tried."""
        self._changed_at = self._window_at = clock()
        self._window_bytes = 0
        self._rest_seconds = REST_SECONDS
        self._rest_until = 0.0

    def observe(self, total_bytes: int, active: int, flowing: int, ceiling: int) -> None:
        """Take note of all bytes so far, of how many connections are at work and have ever brought any."""
        ceiling = min(ceiling, self._tolerated or ceiling)
        if self.target > ceiling:
            self._change(ceiling, total_bytes)
        now = self._clock()
        if active < self.target:  # there is no work for more: nothing is learnt about their number
            self._before = None
        if active < self.target or (flowing < self.target and now - self._changed_at < PATIENCE_SECONDS):
            self._window_at, self._window_bytes = now, total_bytes
            return
        elapsed = now - self._window_at
        if elapsed >= WINDOW_SECONDS and now >= self._rest_until:
            rate = (total_bytes - self._window_bytes) / elapsed
            self._judge(rate, ceiling, total_bytes)
            self._window_at, self._window_bytes = now, total_bytes

    def refuse(self, active: int) -> None:
        """The server did not want `active` connections: one for now, and never so many again."""
        self._tolerated = max(1, min(active - 1, self._tolerated or active))
        self.target, self._before = 1, None
        self._rest_until = self._clock() + REFUSED_REST_SECONDS

    @property
    def is_curbed(self) -> bool:
        """Whether the server has ever found the connections too many."""
        return self._tolerated is not None

    def _judge(self, rate: float, ceiling: int, total_bytes: int) -> None:
        if self._before is not None:
            count, rate_before = self._before
            self._before = None
            if rate < rate_before * OTHER_WEATHER:
                return
            if rate < rate_before * (1 + WORTH_OF_MORE * (self.target / count - 1)):
                self._rest_until = self._clock() + self._rest_seconds
                self._rest_seconds = min(self._rest_seconds * 2, MAX_REST_SECONDS)
                self._change(count, total_bytes)
                return
            self._rest_seconds = REST_SECONDS
        if self.target < ceiling:
            self._before = self.target, rate
            self._change(min(self.target * GROWTH, ceiling), total_bytes)

    def _change(self, target: int, total_bytes: int) -> None:
        self.target = target
        self._changed_at = self._window_at = self._clock()
        self._window_bytes = total_bytes
