"""Whether gevent serves this process, and its threads for what would hold up its event loop."""

from collections.abc import Callable
from typing import TypeVar

R = TypeVar("R")


def is_cooperative() -> bool:
    """Whether gevent serves here: then all requests and streams share one thread, and nothing may block it."""
    from gevent import monkey

    return bool(monkey.is_module_patched("threading"))


def call_in_thread(function: Callable[[], R]) -> R:
    """Call `function` in a real thread of gevent's pool, and let others run until it returns.

    An error that leaves it is printed by gevent with its traceback, whoever handles it.
    """
    from gevent.hub import get_hub

    answer: R = get_hub().threadpool.apply(function)
    return answer
