"""The open streams of this process: how many each user holds, and how all of them end when the process drains."""

import logging
import random
import threading
import time
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from downloads_app.errors import TooMany

FULL_RETRY_SECONDS = (5, 15)
DRAIN_RETRY_SECONDS = (0.25, 1.0)
"""Less than the stream's interval, so a client misses at most one event."""
LAST_WORD_SECONDS = 1.0
"""On a busy machine some streams are told late to leave. They get so long for their last words, then we cut them."""
EVENT_SECONDS = 0.1
"""We assume that an event is sent within so long of its due time."""
DRAIN_SHARE = 0.8  # of the drain time; the last stream has the rest of the time to leave

log = logging.getLogger(__name__)


STREAMS_SHARE = 0.75
"""Of the threads of a server that has few; the others answer requests, even if all these streams stay for hours."""


class ProcessFull(Exception):
    """This process has its maximum number of streams, or it is about to end."""


class Leaver(Protocol):
    """What a drain needs of a stream."""

    began: float
    """When its first event was due (time.monotonic()). Each further event is due one interval later."""

    def leave(self) -> None:
        """Send the last words and end now, whatever the stream is waiting for."""
        ...

    def cut(self) -> None:
        """Shut the connection of a stream that has not left in time."""
        ...


class Admission:
    """Counts the streams; a place taken is given back exactly once."""

    def __init__(self, max_streams: int, max_per_user: int, drain_seconds: float, interval_seconds: float) -> None:
        self._max_streams = max_streams
        self._max_per_user = max_per_user
        self._drain_seconds = drain_seconds
        self._interval = interval_seconds
        self._lock = threading.Lock()
        self._places = 0
        self._per_user: Counter[str] = Counter()
        self._streams: set[Leaver] = set()
        self.is_draining = False

    def leave_threads(self, threads: int) -> None:
        """Let streams take only their share of a server's threads, from now on."""
        self._max_streams = min(self._max_streams, int(threads * STREAMS_SHARE))
        if not self._max_streams:
            log.error("no stream can be served by %d thread(s): give the server at least 2, or use gevent", threads)

    @property
    def open_streams(self) -> int:
        """The number of places taken."""
        return self._places

    def take_place(self, user_id: str) -> Callable[[], None]:
        """Take a place and return a function that gives it back. Raises ProcessFull or TooMany."""
        with self._lock:
            if self.is_draining or self._places >= self._max_streams:
                raise ProcessFull
            if self._per_user[user_id] >= self._max_per_user:
                raise TooMany(
                    f"You have {self._max_per_user} open streams already, which is the most", retry_after_seconds=10
                )
            self._places += 1
            self._per_user[user_id] += 1
        given_back = False

        def give_back() -> None:
            nonlocal given_back
            with self._lock:
                if given_back:
                    return
                given_back = True
                self._places -= 1
                self._per_user[user_id] -= 1
                if not self._per_user[user_id]:
                    del self._per_user[user_id]

        return give_back

    def _phase(self, stream: Leaver) -> float:
        """Return how many seconds into an interval the stream's events are due."""
        return stream.began % self._interval

    @contextmanager
    def listed(self, stream: Leaver) -> Iterator[None]:
        """While the block runs, a drain tells this stream to leave."""
        if self.is_draining:
            stream.leave()
        self._streams.add(stream)
        try:
            yield
        finally:
            self._streams.discard(stream)

    def drain(self, told: float) -> None:
        """End all streams, spread over the rest of the drain time, which began at `told`; cut those that do not leave.

        Clients reconnect when their stream ends. Since the ends are spread, the clients do not all reach the new
        process at once. The next stream to leave is one that has just sent an event, so its client is back before its
        next event is due.
        """
        self.is_draining = True
        began = time.monotonic()
        spread = max(0.0, told + DRAIN_SHARE * self._drain_seconds - began)
        streams = sorted(self._streams, key=self._phase)
        phases = [self._phase(stream) for stream in streams]
        count = len(streams)
        for turn in range(count):
            due = began + spread * turn / count
            ahead = due - time.monotonic()
            if ahead > 0.001:
                time.sleep(ahead)
            place = bisect(phases, (due - EVENT_SECONDS) % self._interval) - 1  # -1: the last one
            del phases[place]
            streams.pop(place).leave()
        cut_at = max(told + self._drain_seconds, time.monotonic() + LAST_WORD_SECONDS)
        while self._streams and time.monotonic() < cut_at:
            time.sleep(0.05)
        for stream in list(self._streams):
            stream.cut()


def jittered(bounds: tuple[float, float]) -> float:
    """Return a random time within bounds, in seconds."""
    return random.uniform(*bounds)  # noqa: S311 - spreads clients; nothing secret
