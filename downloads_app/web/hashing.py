"""Hashes passwords outside the event loop: one at a time in each process, with a short queue."""

import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from downloads_app.errors import Busy
from downloads_app.services.database.session import give_connection_back
from downloads_app.web.offload import offload

MAX_WAITING = 16
P = ParamSpec("P")
R = TypeVar("R")

_turn = threading.Lock()
_places = threading.BoundedSemaphore(1 + MAX_WAITING)


def hash_in_turn(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call `function` (it takes tens of milliseconds of a core) when it is its turn. Raises Busy if the queue is full.

    It holds no database connection meanwhile.
    """
    give_connection_back()
    if not _places.acquire(blocking=False):
        raise Busy("Too many sign-ins at once", retry_after_seconds=1)
    try:
        with _turn:
            return offload(function, *args, **kwargs)
    finally:
        _places.release()
