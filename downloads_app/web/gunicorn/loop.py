"""Says whether gevent serves this process, and runs in real threads what would block gevent's event loop."""

from collections.abc import Callable
from typing import TypeVar

R = TypeVar("R")


def is_cooperative() -> bool:
    """Whether gevent serves this process. Then all requests and streams share one thread, and nothing may block it."""
    from gevent import monkey

    return bool(monkey.is_module_patched("threading"))


def call_in_thread(function: Callable[[], R]) -> R:
    """Call `function` in a real thread of gevent's pool; other greenlets run until it returns.

    If it raises, gevent prints the traceback, even if the caller handles the error.
    """
    from gevent.hub import get_hub

    answer: R = get_hub().threadpool.apply(function)
    return answer
