"""Runs what would hold up the process's event loop (password hashing, removing files) in a real thread."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def offload(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call `function` in gevent's threadpool where gevent serves, else right here.

    The function must not touch the database session: that belongs to the greenlet.
    """
    from gevent import monkey

    if not monkey.is_module_patched("threading"):
        return function(*args, **kwargs)
    from gevent.hub import get_hub

    result: R = get_hub().threadpool.apply(function, args, kwargs)
    return result
