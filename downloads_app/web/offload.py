"""Runs in a real thread what would block the process's event loop for a moment (password hashing, for one)."""

from collections.abc import Callable
from contextvars import copy_context
from typing import NoReturn, ParamSpec, TypeVar

from downloads_app.web.gunicorn.loop import call_in_thread, is_cooperative

P = ParamSpec("P")
R = TypeVar("R")


def offload(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call `function` in gevent's threadpool if gevent serves, else in this thread.

    The function must not use the database session: that belongs to the greenlet.
    """
    if not is_cooperative():
        return function(*args, **kwargs)
    present = copy_context()  # what it logs has the request's id
    return call_in_thread(lambda: present.run(lambda: capture(function, *args, **kwargs)))()


def capture(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Callable[[], R]:
    """Call `function`. Return another function that returns its result or raises its error.

    If a function raises in a gevent thread, gevent prints the traceback, even if the caller handles the error.
    """
    try:
        result = function(*args, **kwargs)
    except Exception as exc:  # noqa: BLE001  (the caller raises it again)
        error = exc
        return lambda: _raise(error)
    return lambda: result


def _raise(error: Exception) -> NoReturn:
    raise error
