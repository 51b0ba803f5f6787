"""One loop in each process that sends repeated frames for sleeping generators.

A generator that wakes for every event costs several times as much as the event: a switch, and memory that is not in
the cache. So while a stream's generator sleeps, the stream is on a wheel. At each tick the pacer gives the kernel the
ready frames of all streams of one slot. It wakes a generator only for something else (`complete`, an error, the end)
or when the kernel refuses bytes. The bytes on the wire are the same as without the pacer.
"""

import errno
import logging
import time

import gevent
from gevent.event import Event
from gevent.socket import wait_write

from downloads_app.services.live.snapshot import Snapshot
from downloads_app.web.stream import metrics
from downloads_app.web.stream.generator import Stream
from downloads_app.web.stream.pacing.senders import Sender
from downloads_app.web.stream.pacing.slots import PacedStream
from downloads_app.web.stream.pacing.wheel import Wheel
from downloads_app.web.stream.ticker import SleepingTicker, next_tick

SLOTS = 64
MAX_INTERVAL_SECONDS = 15  # with a longer interval the generator must send keep-alive comments in between

log = logging.getLogger(__name__)


class ClientGoneError(BrokenPipeError):
    """The client left, or did not read for too long. The server closes the connection and logs nothing."""


class Pacer:
    """A ticker with SLOTS slots in one interval. `wait_for_tick` runs in the streams' greenlets, `_run` in its own."""

    def __init__(
        self, snapshot: Snapshot, sender: Sender, interval_seconds: float, send_timeout_seconds: float
    ) -> None:
        self._snapshot = snapshot
        self._sender = sender
        self._interval = interval_seconds
        self._send_timeout = send_timeout_seconds
        self._plain = SleepingTicker()
        self._step = interval_seconds / SLOTS
        self._origin = time.monotonic()
        self._position = 0
        self._wheel = Wheel(SLOTS)
        self._paced_count = 0
        self._is_running = False

    def new_event(self) -> Event:
        """Return the Event that wakes a waiting stream."""
        return Event()

    def wait_for_tick(self, stream: Stream, tick: float) -> float:
        """See Ticker. Raises ClientGoneError."""
        if stream.sock is None or stream.is_encrypted or self._interval > MAX_INTERVAL_SECONDS:
            return self._plain.wait_for_tick(stream, tick)
        paced = PacedStream(stream)
        try:
            while not stream.is_leaving:
                self._stay_on_wheel(paced, tick)
                if paced.is_gone:
                    raise ClientGoneError(errno.EPIPE, "the client is gone")
                if paced.tick is None:
                    break
                if paced.refused is None:
                    return paced.tick
                self._finish(paced, stream)
                tick = next_tick(paced.tick, self._interval)
                paced.tick = paced.refused = None
        finally:
            stream.events_sent += paced.events_sent
        return tick

    def _stay_on_wheel(self, paced: PacedStream, tick: float) -> None:
        """Put a stream on the wheel, in the slot nearest to the tick, until it is woken."""
        if not self._is_running:
            self._is_running = True
            self._position = self._nearest_position(time.monotonic())
            gevent.spawn(self._run)
        position = max(self._nearest_position(tick), self._position)
        # Clamp to the last slot: a full turn ahead is the current slot, which would fire at once.
        self._wheel.add(paced, min(position, self._position + SLOTS - 1))
        self._paced_count += 1
        try:
            paced.woken.wait()
            paced.woken.clear()
        finally:
            self._paced_count -= 1
            self._wheel.drop(paced)

    def _nearest_position(self, moment: float) -> int:
        return round((moment - self._origin) / self._step)

    def _finish(self, paced: PacedStream, stream: Stream) -> None:
        """Send the rest of a refused frame to a client that reads too slowly. Raises ClientGoneError.

        If the whole frame was refused, send nothing: the next tick has a newer frame.
        """
        rest = paced.refused
        deadline = time.monotonic() + self._send_timeout
        while True:
            try:
                wait_write(stream.sock.fileno(), timeout=max(0.001, deadline - time.monotonic()))
                if rest:
                    sent = paced.send(rest)
                    metrics.count_sent(0, sent)
                    rest = rest[sent:]
            except BlockingIOError:
                continue
            except TimeoutError as exc:
                stream.end_reason = "slow client"
                raise ClientGoneError(errno.EPIPE, "the client does not read") from exc
            except OSError as exc:
                raise ClientGoneError(errno.EPIPE, "the client is gone") from exc
            if not rest:
                return

    def _run(self) -> None:
        """Serve each slot at its time, while any stream is on the wheel.

        A late pacer serves all overdue slots before other greenlets run. If it yielded after each slot, many new
        connections at once would delay everybody's events.
        """
        while self._paced_count:
            tick = self._origin + self._position * self._step
            now = time.monotonic()
            if now < tick:
                gevent.sleep(tick - now)
                continue
            self._serve(tick, now)
            metrics.observe_lateness(now - tick)
            self._position += 1
        self._is_running = False

    def _serve(self, tick: float, now: float) -> None:
        """Serve the slot of this tick. Nothing in here yields to other greenlets; every microsecond counts."""
        try:
            for paced in self._wheel.serve(self._position, self._sender, time.time(), self._snapshot.is_fresh(now)):
                paced.wake(tick)
        except Exception:  # the other slots must have their turns whatever happens in this one
            log.exception("cannot send: this turn's connections are closed")
            for paced in self._wheel.clear(self._position):
                paced.is_gone = True  # it is unknown how much of its frame was sent
                paced.wake(tick)
