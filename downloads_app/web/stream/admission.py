"""The open streams of this process: who holds how many, and how all of them leave when it drains."""

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
"""Less than a tick, so that a client misses one event at most."""
LAST_WORD_SECONDS = 1.0
"""On a busy machine some streams are told late to leave: they have so long to say so, then they are cut."""
EVENT_SECONDS = 0.1
"""We assume that an event is sent within so long of its due time."""
DRAIN_SHARE = 0.8  # of the drain time: the last stream has the remainder of it to leave


class ProcessFull(Exception):
    """This process holds as many streams as it may, or is about to end."""


class Leaver(Protocol):
    """A stream, as far as a drain must know."""

    began: float
    """When its first event was due; the others are due each an interval later."""

    def leave(self) -> None:
        """Say good-bye at once, whatever it waits for."""
        ...

    def cut(self) -> None:
        """Shut the connection under a stream that has not left in time."""
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

    @property
    def open_streams(self) -> int:
        """How many places are taken."""
        return self._places

    def take_place(self, user_id: str) -> Callable[[], None]:
        """Take a place and return what gives it back; raises ProcessFull or TooMany."""
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
        """Return when within an interval its events are due."""
        return stream.began % self._interval

    @contextmanager
    def listed(self, stream: Leaver) -> Iterator[None]:
        """Have a stream told when it is time to leave."""
        if self.is_draining:
            stream.leave()
        self._streams.add(stream)
        try:
            yield
        finally:
            self._streams.discard(stream)

    def drain(self, told: float) -> None:
        """Let all streams leave, spread over what is left of the drain time since `told`; cut those that cannot.

        Clients reconnect when their stream ends; spread in time, they do not reach the new process all at once. The
        next to leave is a stream that has just sent an event: its client is back before the following one is due.
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
            place = bisect(phases, (due - EVENT_SECONDS) % self._interval) - 1  # -1: the last, of the round before
            del phases[place]
            streams.pop(place).leave()
        cut_at = max(told + self._drain_seconds, time.monotonic() + LAST_WORD_SECONDS)
        while self._streams and time.monotonic() < cut_at:
            time.sleep(0.05)
        for stream in list(self._streams):
            stream.cut()


def jittered(bounds: tuple[float, float]) -> float:
    """Return a random time within bounds, in seconds."""
    return random.uniform(*bounds)  # noqa: S311  (spreads clients; nothing secret)
