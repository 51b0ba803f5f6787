"""The active downloads and who may see them, read once for every stream of this process.

One thread (a greenlet under gevent) reads the changes once a second, or sooner if a new stream waits for its first
read. All streams use this state. A reader waits for a read that began after it asked, so it never takes a half-filled
state for an empty one. If a read fails, all readers that wait get Unreadable.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from downloads_app.services.accounts.tokens import VerifiedToken
from downloads_app.services.live import changes
from downloads_app.services.live.viewers import Audience, Watch

REFRESH_SECONDS = 1.0
"""Between the beginnings of two reads. Because of MAX_AGE_SECONDS, a read may then take 0.5 s."""
FIRST_READ_SECONDS = 0.25
"""Between two reads while a stream waits for one: many new streams then share a read."""
RETRY_SECONDS = 0.25
MAX_AGE_SECONDS = 1.5
"""How old the data of an event may be, counted from the beginning of its read."""
FORGET_SECONDS = 600
"""After this long without a read, everything is read again (old deletions are removed)."""

log = logging.getLogger(__name__)


def since_boot() -> float:
    """Return seconds of a clock that also runs while the machine sleeps: other machines remove deletions then."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Unreadable(Exception):
    """The database could not be read in time."""


class AnswerOfReplica(Exception):
    """A replica has answered, which may be behind: what it says is not shown."""


def _start_thread(target: Callable[[], None]) -> None:
    threading.Thread(target=target, name="snapshot", daemon=True).start()


class Snapshot:
    """The active downloads and rights that this process knows, and the thread that updates them while streams watch."""

    def __init__(
        self,
        make_engine: Callable[[], Engine],
        encode: Callable[[Any], bytes],
        clock: Callable[[], float] = time.monotonic,
        start: Callable[[Callable[[], None]], None] = _start_thread,
    ) -> None:
        self._make_engine = make_engine
        self._clock = clock
        self._start = start
        self.lock = threading.RLock()
        """Held while views change. If streams are threads, a stream holds it to read a view more than once."""
        self._audience = Audience(encode)
        self._engine: Engine | None = None
        self._connection: Connection | None = None
        self._marker: str | None = None
        self._is_running = False
        self.new_event: Callable[[], Any] = threading.Event
        """Makes the event that wakes readers after a read; gevent's own events are cheaper under gevent."""
        self._asked = threading.Event()
        self._done = self.new_event()
        self._read_began = float("-inf")
        self._read_at = float("-inf")
        self._failed_began = float("-inf")
        self._reading_since: float | None = None
        self.on_read: Callable[[float], None] = lambda seconds: None
        """Called with the seconds that each read took."""

    # For the streams.

    def watch(self, token: VerifiedToken) -> Watch:
        """Begin to watch as the token's user. Call `wait` before the first use of the view."""
        with self.lock:
            watch = self._audience.join(token)
            if not self._is_running:
                self._is_running = True
                self._start(self._run)
        return watch

    def release(self, watch: Watch) -> None:
        """End a watch. The data of users without a watch is dropped, and no longer read."""
        with self.lock:
            self._audience.leave(watch)
            if not self._audience:
                self._asked.set()

    def is_fresh(self, now: float) -> bool:
        """Whether the data is new enough for an event (see MAX_AGE_SECONDS)."""
        return now - self._read_began <= MAX_AGE_SECONDS

    def is_failing(self, now: float) -> bool:
        """Whether reads fail or the present read hangs: waiting for it would only delay the `error` event."""
        if self._failed_began > self._read_began:
            return True
        return self._reading_since is not None and now - self._reading_since > MAX_AGE_SECONDS

    def wait(self, watch: Watch, since: float) -> None:
        """Return once a read that began at or after `since` has the downloads of `watch`; raises Unreadable.

        Takes at most MAX_AGE_SECONDS. An admin's downloads come page by page, and each page may take that long.
        """
        asked = self._clock()
        while True:
            with self.lock:
                if self._read_began >= since and watch.account.is_loaded and watch.view.is_loaded:
                    return
                remaining = max(asked, self._read_began) + MAX_AGE_SECONDS - self._clock()
                if self._failed_began >= since or remaining <= 0:
                    raise Unreadable
                done = self._done
                self._asked.set()
            done.wait(remaining)

    # The thread.

    def _run(self) -> None:
        while self._rest():
            self.refresh()

    def _rest(self) -> bool:
        """Sleep until the next read is due; return False once no stream watches any more."""
        while True:
            with self.lock:
                if not self._audience:
                    self._forget()
                    self._close()
                    self._is_running = False
                    return False
                asked = self._asked.is_set()
                wait = self._due(asked) - self._clock()
                if wait <= 0:
                    self._asked.clear()
                    return True
            if asked:
                time.sleep(wait)
            else:
                self._asked.wait(wait)

    def _due(self, asked: bool) -> float:
        if self._failed_began > self._read_began:
            return self._failed_began + RETRY_SECONDS
        return self._read_began + (FIRST_READ_SECONDS if asked else REFRESH_SECONDS)

    def refresh(self) -> None:
        """Read once, then wake all waiting readers, also after a failure."""
        began = self._reading_since = self._clock()
        if since_boot() - self._read_at > FORGET_SECONDS:
            with self.lock:
                self._forget()
        try:
            self._read(began)
        except Exception as exc:  # the streams must survive whatever the database does
            self._failed_began = began
            log.warning("cannot read the active downloads: %s", type(exc).__name__)
            log.debug("cannot read the active downloads", exc_info=exc)
            self._close()
        finally:
            self._reading_since = None
            with self.lock:
                done, self._done = self._done, self.new_event()
            done.set()

    def _read(self, began: float) -> None:
        with self.lock:
            reading = self._audience.begin_read()
        marker = self._marker
        for rows in self._query(reading.scope).partitions(changes.ROWS_AT_ONCE):
            with self.lock:
                for row in rows:
                    if row[changes.KIND] == changes.MARKER:
                        marker = row[changes.CURRENT_FILE]
                    else:
                        self._audience.apply(row, reading)
            time.sleep(0)  # a large first read must not hold up the other streams
        if changes.is_of_a_replica(marker):
            raise AnswerOfReplica
        if changes.is_of_another_database(marker, self._marker):
            with self.lock:
                self._forget()
            self._read(began)
            return
        with self.lock:
            self._audience.end_read(reading)
            self._marker = marker
            self._read_began = began
            self._read_at = since_boot()
        self.on_read(self._clock() - began)

    def _query(self, scope: changes.Scope) -> Any:
        """Run the statement; a connection that has died since the last read is replaced once."""
        if self._connection is not None:
            try:
                return changes.read(self._connection, scope, self._marker)
            except DBAPIError as exc:
                if not exc.connection_invalidated:
                    raise
                self._close()
        if self._engine is None:
            self._engine = self._make_engine()
        self._connection = self._engine.connect()
        return changes.read(self._connection, scope, self._marker)

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        engine, self._engine = self._engine, None
        if connection is not None:
            connection.invalidate()
            connection.close()
        if engine is not None:
            engine.dispose()

    def _forget(self) -> None:
        self._marker = None
        self._audience.forget()
