"""Ends the streams of a gunicorn process that is told to end, of either worker class. Imports no gevent."""

import threading
import time
from collections.abc import Callable
from typing import Any

ALIVE_CHECK_SECONDS = 0.1
LISTENERS_SECONDS = 0.5
"""Wait until all draining processes have stopped accepting. Before, a client that reconnects may reach one of them."""
LISTENERS_WAIT = 0.3
"""That wait takes at most this share of the drain time."""
Drain = Callable[[float], None]
"""Ends the streams; gets the time at which that was due."""


def drain_in_a_thread(worker: Any, drain: Drain, drain_seconds: float) -> None:
    """Drain the streams of a process of threads when it is told to end.

    gunicorn waits for its open requests, and a stream ends by itself only when its client goes.
    """
    told = (worker, drain, drain_seconds, _do_nothing, _do_nothing)
    threading.Thread(target=drain_when_told, args=told, name="drain", daemon=True).start()


def drain_when_told(
    worker: Any, drain: Drain, drain_seconds: float, tell: Callable[[], None], leave: Callable[[], None]
) -> None:
    """Poll `alive`, then drain the streams: TERM, HUP and max_requests clear `alive`, and gunicorn calls no hook.

    `tell` is called with each poll, `leave` before the streams end: it stops accepting.
    """
    while worker.alive:
        tell()
        time.sleep(ALIVE_CHECK_SECONDS)
    leave()
    told = time.monotonic()
    time.sleep(min(LISTENERS_SECONDS, LISTENERS_WAIT * drain_seconds))
    drain(told)


def _do_nothing() -> None:
    """Threads: gunicorn's own loop stops accepting as soon as it is told to end."""
