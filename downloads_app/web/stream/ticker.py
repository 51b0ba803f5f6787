"""How a stream waits for its next tick: it sleeps, or the process's pacer sends in its place (see pacing/pacer.py)."""

import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from downloads_app.web.stream import metrics

if TYPE_CHECKING:
    from downloads_app.web.stream.generator import Stream


class Ticker(Protocol):
    """What a stream waits on between two of its events."""

    def new_event(self) -> Any:
        """Return what a waiting stream is woken by: an Event."""
        ...

    def wait_for_tick(self, stream: "Stream", tick: float) -> float:
        """Return at a tick at which the stream has something of its own to say: the given one or a later one.

        Whatever is due before, the ticker has sent. Returns at once when the stream is to leave.
        """
        ...


class SleepingTicker:
    """Sleeps until the very next tick: works under any WSGI server."""

    def new_event(self) -> threading.Event:
        """See Ticker."""
        return threading.Event()

    def wait_for_tick(self, stream: "Stream", tick: float) -> float:
        """Sleep until the tick, or until the stream is to leave."""
        if not stream.woken.wait(max(0.0, tick - time.monotonic())):
            metrics.observe_lateness(time.monotonic() - tick)
        return tick


def next_tick(tick: float, interval: float) -> float:
    """Return the next time on schedule that is still ahead: late work shifts no later tick."""
    missed = int((time.monotonic() - tick) // interval)
    return tick + interval * (1 + max(0, missed))
