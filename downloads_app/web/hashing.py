"""Hashes passwords outside the event loop: one at a time in each process, with a short queue.

Where the queue is full, who holds most of it (a signed-in user, or a stranger's address) gives a place up to somebody
who holds fewer: nobody keeps others from signing in by asking often.
"""

import threading
from collections import Counter
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from flask import g, request

from downloads_app.errors import Busy
from downloads_app.services.accounts.places import place_of
from downloads_app.services.database.session import give_connection_back
from downloads_app.web.offload import offload

MAX_WAITING = 16
P = ParamSpec("P")
R = TypeVar("R")


class _Waiting:
    """Somebody who waits for a turn."""

    def __init__(self, whose: str) -> None:
        self.whose = whose
        self.is_called = threading.Event()
        self.has_turn = False


class Queue:
    """Gives one turn at a time, in the order in which they came."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_busy = False
        self._waiting: list[_Waiting] = []

    def begin(self, whose: str) -> None:
        """Wait for a turn, which `end` ends. Raises Busy where the queue is full, or others need the place in it."""
        mine = _Waiting(whose)
        with self._lock:
            if not self._is_busy:
                self._is_busy = True
                return
            if len(self._waiting) >= MAX_WAITING:
                self._make_room(whose)
            self._waiting.append(mine)
        try:
            mine.is_called.wait()
        except BaseException:  # the request was given up
            self._leave(mine)
            raise
        if not mine.has_turn:
            raise _too_many()

    def end(self) -> None:
        """End a turn: the next one begins."""
        with self._lock:
            self._is_busy = bool(self._waiting)
            if self._waiting:
                following = self._waiting.pop(0)
                following.has_turn = True
                following.is_called.set()

    def _make_room(self, whose: str) -> None:
        held = Counter(one.whose for one in self._waiting)
        fullest, most = held.most_common(1)[0]
        if most <= held[whose] + 1:
            raise _too_many()
        last = max(number for number, one in enumerate(self._waiting) if one.whose == fullest)
        self._waiting.pop(last).is_called.set()

    def _leave(self, one: _Waiting) -> None:
        with self._lock:
            if one in self._waiting:
                self._waiting.remove(one)
        if one.has_turn:
            self.end()


QUEUE = Queue()


def hash_in_turn(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call `function` (it takes tens of milliseconds of a core) when it is its turn. Raises Busy if the queue is full.

    It holds no database connection meanwhile.
    """
    give_connection_back()
    QUEUE.begin(_whose())
    try:
        return offload(function, *args, **kwargs)
    finally:
        QUEUE.end()


def _whose() -> str:
    return f"user {g.token.user_id}" if "token" in g else place_of(request.remote_addr)


def _too_many() -> Busy:
    return Busy("Too many sign-ins at once", retry_after_seconds=1)
