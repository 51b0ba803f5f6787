"""What a stream rests on between two of its events: a plain lane that sleeps, or the process's pacer (see pacer.py)."""

import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from downloads_app.web import metrics

if TYPE_CHECKING:
    from downloads_app.web.stream import Stream


class Lane(Protocol):
    """What a stream rests on between two of its events."""

    def new_event(self) -> Any:
        """Return what a resting stream is woken by: an Event."""
        ...

    def rest(self, stream: "Stream", tick: float) -> float:
        """Return at a tick at which the stream has something of its own to say: the given one or a later one.

        Whatever is due before, the lane has sent. Returns at once when the stream is to leave.
        """
        ...


class PlainLane:
    """Sleeps until the very next tick: works under any WSGI server."""

    def new_event(self) -> threading.Event:
        """See Lane."""
        return threading.Event()

    def rest(self, stream: "Stream", tick: float) -> float:
        """Sleep until the tick, or until the stream is to leave."""
        if not stream.woken.wait(max(0.0, tick - time.monotonic())):
            metrics.observe_lateness(time.monotonic() - tick)
        return tick


def next_tick(tick: float, interval: float) -> float:
    """Return the next time on schedule that is still ahead: late work shifts no later tick."""
    missed = int((time.monotonic() - tick) // interval)
    return tick + interval * (1 + max(0, missed))
