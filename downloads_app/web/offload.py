"""Runs what would hold up the process's event loop (password hashing, removing files) in a real thread."""

from collections.abc import Callable
from typing import NoReturn, ParamSpec, TypeVar

from downloads_app.web.gunicorn.loop import call_in_thread, is_cooperative

P = ParamSpec("P")
R = TypeVar("R")


def offload(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call `function` in gevent's threadpool where gevent serves, else right here.

    The function must not touch the database session: that belongs to the greenlet.
    """
    if not is_cooperative():
        return function(*args, **kwargs)
    return call_in_thread(lambda: capture(function, *args, **kwargs))()


def capture(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Callable[[], R]:
    """Call `function`, and return what tells its result or raises its error.

    An error that leaves a function in a thread of gevent's is printed there with its traceback, whoever handles it.
    """
    try:
        result = function(*args, **kwargs)
    except Exception as exc:  # noqa: BLE001  (raised again by whoever asked)
        error = exc
        return lambda: _raise(error)
    return lambda: result


def _raise(error: Exception) -> NoReturn:
    raise error
