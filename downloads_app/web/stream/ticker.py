"""How a stream waits for its next tick: it sleeps, or the process's pacer sends in its place (see pacing/pacer.py)."""

import threading
import time
from typing import Any, Protocol, TypeVar

from downloads_app.web.stream import metrics


class Waiting(Protocol):
    """A stream, as far as the plain ticker knows it."""

    @property
    def woken(self) -> Any:
        """The event that wakes it."""
        ...


S = TypeVar("S", contravariant=True)


class Ticker(Protocol[S]):
    """What a stream waits on between two of its events."""

    def new_event(self) -> Any:
        """Return the Event that wakes a waiting stream."""
        ...

    def wait_for_tick(self, stream: S, tick: float) -> float:
        """Wait; return the tick at which the stream itself must act: the given one or a later one.

        The ticker has sent what was due before. If the stream is told to leave, this returns at once.
        """
        ...


class SleepingTicker:
    """Sleeps until the next tick. Works under any WSGI server."""

    def new_event(self) -> threading.Event:
        """See Ticker."""
        return threading.Event()

    def wait_for_tick(self, stream: Waiting, tick: float) -> float:
        """Sleep until the tick, or until the stream is told to leave."""
        if not stream.woken.wait(max(0.0, tick - time.monotonic())):
            metrics.observe_lateness(time.monotonic() - tick)
        return tick


def next_tick(tick: float, interval: float) -> float:
    """Return the first time after now on the schedule `tick + n * interval`: a late tick does not delay later ones."""
    missed = int((time.monotonic() - tick) // interval)
    return tick + interval * (1 + max(0, missed))
