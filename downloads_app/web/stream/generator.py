"""The live stream: a generator, and what all streams of a process share.

The generator describes a whole stream: the first event, the updates, `complete` or `error`, the end. While it sleeps,
it holds no request and no database connection. Between two events it waits on a ticker. The plain ticker sleeps. The
process's pacer is a ticker that sends the repeated updates while the generator sleeps (see pacing/pacer.py).
"""

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from flask import Flask

from downloads_app.config import SETTINGS, Settings
from downloads_app.per_app import PerApp
from downloads_app.services.accounts import tokens
from downloads_app.services.database.autocommit import make_reader
from downloads_app.services.downloads import representation
from downloads_app.services.live.snapshot import Snapshot, Unreadable
from downloads_app.services.live.viewers import Watch
from downloads_app.web.stream import frames, metrics, sse
from downloads_app.web.stream.admission import DRAIN_RETRY_SECONDS, Admission, jittered
from downloads_app.web.stream.ticker import SleepingTicker, Ticker, next_tick
from downloads_app.web.threads import count_threads

KEEP_ALIVE_SECONDS = 15
RECONNECT_SECONDS = (1.0, 3.0)

log = logging.getLogger(__name__)


class Streams:
    """What all streams of this process share. Each application has one."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.snapshot = Snapshot(lambda: make_reader(settings.database_url), representation.encode)
        self.snapshot.on_read = metrics.observe_refresh
        self.admission = Admission(
            settings.stream_max,
            settings.stream_max_per_user,
            settings.stream_drain_seconds,
            settings.stream_interval_seconds,
        )
        self.ticker: Ticker[Stream] = SleepingTicker()
        self._is_fitted = False

    def fit(self, environ: dict[str, Any]) -> None:
        """Before the first stream: leave some threads of a server that has few to other requests."""
        if not self._is_fitted:
            self._is_fitted = True
            if (threads := count_threads(environ)) is not None:
                self.admission.leave_threads(threads)


class Stream:
    """One open stream. Everything it needs is a plain value or shared: no request, no session."""

    def __init__(
        self, streams: Streams, watch: Watch, began: float, sock: Any, is_chunked: bool, is_encrypted: bool = False
    ) -> None:
        self.streams = streams
        self.watch = watch
        self.began = began
        self.expires_at = watch.token.expires_at
        self.sock = sock
        self.is_chunked = is_chunked
        self.is_encrypted = is_encrypted
        self.woken = streams.ticker.new_event()
        self.is_leaving = False
        self.end_reason = "client gone"
        self.events_sent = 0
        watch.on_verdict = self.woken.set  # the read that finds the cause ends the stream: within one interval
        self._handed_over: float | None = None
        """When the server was given the event that it is sending; None while it sends none."""

    def events(self) -> Iterator[bytes]:
        """Yield the stream, event by event."""
        settings = self.streams.settings
        ticker = self.streams.ticker
        tick = self.began
        errors = 0
        with self.streams.admission.listed(self):
            while not self.is_leaving:
                frame, is_error, end_reason = self._look(tick)
                errors = errors + 1 if is_error else 0
                if errors >= settings.stream_max_errors:
                    end_reason = "database errors"
                if tick == self.began:
                    frame = sse.with_retry(frame, jittered(RECONNECT_SECONDS))
                self.events_sent += 1
                metrics.count_sent(1, frames.length_on_wire(frame, self.is_chunked))
                if end_reason:
                    self.end_reason = end_reason
                self._handed_over = time.monotonic()
                yield frame
                self._handed_over = None
                if end_reason:
                    return
                tick = next_tick(tick, settings.stream_interval_seconds)
                while tick - time.monotonic() > KEEP_ALIVE_SECONDS and not self.woken.wait(KEEP_ALIVE_SECONDS):
                    yield sse.KEEP_ALIVE
                told = self.events_sent
                tick = ticker.wait_for_tick(self, tick)
                if self.events_sent > told:
                    errors = 0  # the ticker has sent updates
            self.end_reason = "drained"
            yield sse.retry(jittered(DRAIN_RETRY_SECONDS))

    def _look(self, tick: float) -> tuple[bytes, bool, str | None]:
        """Return the event to send at a tick, whether it is a passing error, and the end reason if it is the last."""
        if time.time() >= self.expires_at:
            return sse.error(tokens.EXPIRED), False, "token expired"
        watch, snapshot = self.watch, self.streams.snapshot
        is_readable = True
        try:
            is_known = watch.view.is_loaded and len(watch.view) and snapshot.is_fresh(time.monotonic())
            if watch.verdict is None and not is_known:
                if snapshot.is_failing(time.monotonic()):
                    raise Unreadable
                snapshot.wait(watch, tick)
        except Unreadable:
            is_readable = False
        if watch.verdict is not None:
            return sse.error(watch.verdict), False, "token revoked"
        if not is_readable:
            return sse.error(sse.DATABASE_ERROR), True, None
        with snapshot.lock:
            if not watch.view.is_loaded:
                return sse.error(sse.DATABASE_ERROR), True, None  # another thread has just unloaded the view
            if not len(watch.view):
                return sse.complete(), False, "complete"
            return frames.frame_of(watch.view), False, None

    def leave(self) -> None:
        """End at once, and tell the client when to reconnect."""
        self.is_leaving = True
        self.woken.set()

    def cut(self) -> None:
        """Shut the connection: the client does not read, and the process must end."""
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Count and log how the stream ended."""
        now = time.monotonic()
        if self._handed_over and now - self._handed_over >= self.streams.settings.stream_send_timeout_seconds:
            self.end_reason = "slow client"
        seconds = now - self.began
        metrics.count_closed(self.end_reason)
        log.info(
            "stream ended: user=%s seconds=%.1f events=%d reason=%s",
            self.watch.token.user_id,
            seconds,
            self.events_sent,
            self.end_reason,
        )


STREAMS: PerApp[Streams] = PerApp()


def init_app(app: Flask) -> None:
    """Give the application its streams."""
    STREAMS.put(app, Streams(SETTINGS.of(app)))


def current_streams() -> Streams:
    """Return the current application's Streams."""
    return STREAMS.here()
