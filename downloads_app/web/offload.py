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
    return call_in_thread(bind(function, *args, **kwargs))()


def bind(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Callable[[], Callable[[], R]]:
    """Return a call of `function` for another thread, which logs with the id of this request.

    The call itself never raises: it returns a function that returns the result or raises the error.
    """

    def call() -> Callable[[], R]:
        try:
            result = function(*args, **kwargs)
        # Whatever the function raises belongs to the caller, who is in another thread; what leaves this one, gevent
        # prints as a failure of its own, though it is raised again where it is awaited.
        except Exception as exc:  # noqa: BLE001 - every one is kept, and raised in the caller's thread
            error = exc
            return lambda: _raise(error)
        return lambda: result

    present = copy_context()
    return lambda: present.run(call)


def _raise(error: Exception) -> NoReturn:
    raise error
