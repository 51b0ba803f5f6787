"""The open streams of this process: who holds how many, and how all of them leave when it drains."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from downloads_app.errors import TooMany

FULL_RETRY_SECONDS = (5, 15)
DRAIN_RETRY_SECONDS = (0.25, 1.0)
"""Less than a tick: with the time until the end of the stream, a client misses one at most."""
LAST_WORD_SECONDS = 1.0
"""For streams that were told late, on a busy machine, to say when to come back, before those left are cut."""
SPREAD = 0.8  # of the drain time: the last stream has the rest of it to leave


class FullHouse(Exception):
    """This process holds as many streams as it may, or is about to end."""


class Leaver(Protocol):
    """A stream, as far as a drain must know."""

    def leave(self) -> None:
        """Say good-bye at once, whatever it waits for."""
        ...

    def cut(self) -> None:
        """Shut the connection under a stream that has not left in time."""
        ...


class Roster:
    """Counts the streams; a place taken is given back exactly once."""

    def __init__(self, max_streams: int, max_per_user: int, drain_seconds: float) -> None:
        self._max_streams = max_streams
        self._max_per_user = max_per_user
        self._drain_seconds = drain_seconds
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
        """Take a place and return what gives it back; raises FullHouse or TooMany."""
        with self._lock:
            if self.is_draining or self._places >= self._max_streams:
                raise FullHouse
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

    def drain(self, told: float, sleep: Callable[[float], None] = time.sleep) -> None:
        """Let all streams leave, spread over what is left of the drain time since `told`; cut those that cannot.

        Clients reconnect when their stream ends: spread, they do not fall upon the new process all at once.
        """
        self.is_draining = True
        began = time.monotonic()
        spread = max(0.0, told + SPREAD * self._drain_seconds - began)
        streams = list(self._streams)
        random.shuffle(streams)
        for index, stream in enumerate(streams):
            ahead = began + spread * index / len(streams) - time.monotonic()
            if ahead > 0.001:
                sleep(ahead)
            stream.leave()
        cut_at = max(told + self._drain_seconds, time.monotonic() + LAST_WORD_SECONDS)
        while self._streams and time.monotonic() < cut_at:
            sleep(0.05)
        for stream in list(self._streams):
            stream.cut()


def jittered(bounds: tuple[float, float]) -> float:
    """Return a random time within bounds, in seconds."""
    return random.uniform(*bounds)  # noqa: S311  (spreads clients; nothing secret)
