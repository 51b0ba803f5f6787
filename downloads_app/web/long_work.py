"""Runs long work (walking and removing folders, a very large answer) in threads of its own, a few for each user.

gevent's own pool is left to what every request may need: names of hosts and hashes of passwords. A user who asks for
more waits for the earlier work of theirs, and so does nobody else; `MAX_REQUESTS_PER_USER` bounds how many wait.
Opening a file is short, but on a disk that hangs it is not: it has threads of its own beside those, so that no file
waits for a large folder to be removed.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, ParamSpec, TypeVar

from flask import g, has_request_context

from downloads_app.services.database.session import give_connection_back
from downloads_app.web.gunicorn.loop import is_cooperative
from downloads_app.web.offload import bind

THREADS = 8
THREADS_PER_USER = 2
P = ParamSpec("P")
R = TypeVar("R")


class Turns:
    """A number of places for each user, for which further callers wait."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._places: dict[str, threading.BoundedSemaphore] = {}
        self._users: dict[str, int] = {}

    @contextmanager
    def wait(self, user_id: str) -> Iterator[None]:
        """Wait for a place, and hold it during the block."""
        places = self._places.setdefault(user_id, threading.BoundedSemaphore(self._most))
        self._users[user_id] = self._users.get(user_id, 0) + 1
        try:
            with places:
                yield
        finally:
            self._users[user_id] -= 1
            if not self._users[user_id]:
                del self._users[user_id], self._places[user_id]


class Pool:
    """Threads for one kind of work, made when the first work comes."""

    def __init__(self) -> None:
        self.turns = Turns(THREADS_PER_USER)

    @cached_property
    def threads(self) -> Any:
        """gevent's, beside its own pool."""
        from gevent.threadpool import ThreadPool

        return ThreadPool(THREADS)

    def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call `function` in a thread if gevent serves, else in this one. It must not use the database session.

        No database connection is held meanwhile. So objects that were read before are read anew, and what was not
        committed is lost.
        """
        give_connection_back()
        if not is_cooperative():
            return function(*args, **kwargs)
        with self.turns.wait(_caller()):
            answer: Callable[[], R] = self.threads.apply(bind(function, *args, **kwargs))
        return answer()


LONG_WORK, OPENING = Pool(), Pool()
do_long_work, open_in_thread = LONG_WORK.call, OPENING.call


def _caller() -> str:
    return str(g.token.user_id) if has_request_context() and "token" in g else ""
