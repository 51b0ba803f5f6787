"""Moves the bytes of one download: several files, and several ranges of a file, at once in one thread.

A pool of connections fetches the bytes that the worklist chooses. A few other threads sum, sync and place complete
files. The transfer reports by callbacks and knows no database.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from downloads_app.errors import DownloadsError, NoSpace, SourceError, TooManyFiles
from downloads_app.sources import Access, RemoteFile, ResolvingSource
from downloads_app.sources.trust import without_credentials
from downloads_app.worker.files.completion import Damaged
from downloads_app.worker.files.disk import add_numbers
from downloads_app.worker.files.finishing import Finisher
from downloads_app.worker.files.partial_file import Fetch
from downloads_app.worker.files.storage import FileResult, Storage
from downloads_app.worker.transfer.addresses import Addresses
from downloads_app.worker.transfer.bandwidth import Limits
from downloads_app.worker.transfer.channel import Channel
from downloads_app.worker.transfer.channel_pool import ChannelPool
from downloads_app.worker.transfer.connection_count import ConnectionCount
from downloads_app.worker.transfer.dying import DyingWatch
from downloads_app.worker.transfer.notices import Progress as Progress
from downloads_app.worker.transfer.notices import Stopped as Stopped
from downloads_app.worker.transfer.recovery import Recovery
from downloads_app.worker.transfer.settling import Settling
from downloads_app.worker.transfer.worklist import Worklist

log = logging.getLogger(__name__)

TICK_SECONDS = 0.05
"""The thread waits for the network at most so long: it calls `should_stop` at least this often."""
TEND_SECONDS = 0.05
REPORT_SECONDS = 0.25
SAVE_SECONDS = 1.0
LEAST_MISSING_BYTES = 1 << 20
"""A download that has filled the disk needs at least so much, also if nobody knows how much."""
SMALL_FILE_CREDIT_BYTES = 32 * 1024
"""A finished file counts as so many extra bytes. So many tiny files also count as speed."""


class Transfer:
    """Fetches `files` into `folder`. The thread of `run` calls the callbacks; they must not block."""

    def __init__(
        self,
        access: Access,
        files: Sequence[RemoteFile],
        folder: Path,
        *,
        limits: Limits,
        report: Callable[[Progress], None],
        file_done: Callable[[RemoteFile, FileResult], None],
        should_stop: Callable[[], bool],
        found_here: Callable[[int], None] = lambda size_bytes: None,
        may_write: Callable[[], bool] = lambda: True,
        warn: Callable[[str], None] = log.warning,
        source: ResolvingSource | None = None,
        stall_seconds: float = 8.0,
        answer_seconds: float = 30.0,
    ) -> None:
        """`found_here` is told the size of a whole file that was in its place already, right before `file_done`.

        `should_stop` and `may_write` are called often, also from other threads. `warn` is told of doubtful files.

        When `should_stop` is true, a last side-file keeps the bytes for another run. When `may_write` is false (the
        lease is lost), no byte is written any more. A connection ends after `stall_seconds` without a byte, or
        `answer_seconds` without an answer. A `source` gives each file's current address, and the headers to send there
        instead of the token or password of `access`.
        """
        self._access, self._limits = without_credentials(access) if source else access, limits
        self._report, self._file_done, self._found_here = report, file_done, found_here
        self._should_stop, self._may_write, self._paths = should_stop, may_write, [file.path for file in files]
        self._stall_seconds, self._answer_seconds = stall_seconds, answer_seconds
        self._storage = Storage(folder)
        self._finisher = Finisher(self._storage, should_stop, may_write)
        self._work = Worklist(files, self._storage, self._finisher, limits)
        self._pool = ChannelPool(lambda: Channel(self._access, limits.bandwidth, self._note_moved, may_write))
        self._count, self._dying = ConnectionCount(), DyingWatch()
        self._addresses = Addresses(files, source)
        self._recovery = Recovery(self._count, self._addresses)
        self._settling = Settling(self._pool, self._work, self._finisher, self._recovery, self._check_orders, warn)
        self._moved_bytes = 0
        self._tended_at = self._saved_at = self._reported_at = time.monotonic()

    def run(self) -> None:
        """Fetch the missing bytes. Return when every file is verified and has its final name.

        Raises SourceError (permanent or not), NoSpace, Conflict (the disk refuses something else), Stopped.
        """
        try:
            self._storage.prepare(self._paths)
            self._storage.open_journal()
            for file, result in self._work.take_stock():
                self._file_done(file, result)
            self._count.begin(self._work.first_count())
            self._tell()
            while not self._work.is_done:
                self._check_orders()
                self._assign()
                self._tend()
                self._move()
                self._collect()
            self._tell()
        except NoSpace as exc:
            self._tell(least_missing_bytes=LEAST_MISSING_BYTES)
            raise add_numbers(exc, self._storage.folder, self._work.missing_bytes()) from exc
        finally:
            self._close()

    def _check_orders(self) -> None:
        """Raise Stopped if told to. Also called before a file restarts: that truncates it, and we may have lost it."""
        if self._should_stop() or not self._may_write():
            raise Stopped(self._work.kept_bytes())

    def _tell(self, least_missing_bytes: int = 0) -> None:
        work = self._work
        missing = max(work.missing_bytes(), least_missing_bytes)
        self._report(Progress(work.kept_bytes(), work.done_files, work.current_file, missing, work.total_bytes()))

    def _note_moved(self, count_bytes: int) -> None:
        self._moved_bytes += count_bytes

    def _ceiling(self) -> int:
        allowed = max(1, min(self._limits.connections, self._access.max_connections or self._limits.connections))
        return self._work.width(allowed)

    def _observe(self) -> None:
        self._count.observe(self._moved_bytes, len(self._pool), self._pool.flowing(), self._ceiling())

    def _assign(self) -> None:
        """Start fetches until the wanted number of connections is at work."""
        if self._count.is_probing:
            self._observe()
        target = min(self._count.target, self._ceiling())
        while len(self._pool) < target and time.monotonic() >= self._recovery.hold_until:
            try:
                fetch = self._work.next_fetch(self._pool, connections=target)
            except TooManyFiles as fault:
                self._settling.use_fewer(fault)
                return
            if fetch is None or not self._start(fetch):
                return

    def _start(self, fetch: Fetch) -> bool:
        """Start a fetch. False while the source is being asked for the address."""
        try:
            target = self._addresses.find(fetch.file.remote)
        except SourceError as error:
            self._work.take_back(fetch)
            self._recovery.retry(fetch.file, error, gained_bytes=0)
            self._work.want(fetch.file)
            return True
        except TooManyFiles as fault:
            self._work.take_back(fetch)
            self._settling.use_fewer(fault)
            return False
        if target is None:
            self._work.take_back(fetch)
            return False
        self._pool.start(fetch, target)
        return True

    def _move(self) -> None:
        debt_seconds = min(self._limits.bandwidth.debt_seconds(), TICK_SECONDS)
        if debt_seconds:
            time.sleep(debt_seconds)
            self._pool.excuse(debt_seconds)
        elif not len(self._pool):
            self._work.refuse_long_wait()
            self._finisher.begin_small()
            self._finisher.wait(TICK_SECONDS)
        else:
            self._pool.resume()
            for channel, code in self._pool.move(TICK_SECONDS):
                self._settling.settle(channel, code)

    def _collect(self) -> None:
        """Give complete files to the finishing threads, and take the files that these have placed."""
        for file, outcome in self._finisher.collect():
            if isinstance(outcome, TooManyFiles):
                self._settling.use_fewer(outcome)
            elif isinstance(outcome, Damaged):
                self._check_orders()
                log.warning("%s: %s; it is fetched anew", file.remote.path, outcome)
                self._work.revive(file, str(outcome))
            else:
                self._work.finish(file, outcome)
                self._moved_bytes += SMALL_FILE_CREDIT_BYTES
                if file.was_in_place:
                    self._found_here(outcome.size_bytes)
                self._file_done(file.remote, outcome)

    def _tend(self) -> None:
        """At intervals: write, measure, replace slow connections, save, report."""
        now = time.monotonic()
        elapsed = now - self._tended_at
        if elapsed < TEND_SECONDS:
            return
        self._tended_at = now
        self._finisher.begin_small()
        for channel in self._pool:
            channel.flush()
            channel.measure(elapsed)
            patience = self._stall_seconds if channel.answer else self._answer_seconds
            if now - channel.last_byte_at > patience:
                self._settling.cut(channel, f"no byte came for {patience:g} s")
        limit = self._limits.bandwidth.bytes_per_second
        if limit is None and (laggard := self._pool.find_laggard()):  # with a limit, the limit makes it slow
            self._settling.cut(laggard, "its connection was far slower than the others")
        if dying := self._dying.find(self._pool, limit and limit / max(1, len(self._pool))):
            self._settling.cut(dying, "its connection has become far slower than it was")
        self._observe()
        is_time_to_save = now - self._saved_at >= SAVE_SECONDS
        for file in self._work.open:
            self._finisher.offer(file)
            if is_time_to_save:
                self._finisher.save(file)
        if is_time_to_save:
            self._saved_at = now
        if now - self._reported_at >= REPORT_SECONDS:
            self._reported_at = now
            self._tell()

    def _close(self) -> None:
        self._finisher.close()
        self._keep()
        self._pool.close()
        for file in self._work.begun_files():
            file.close()
        self._storage.close()

    def _keep(self) -> None:
        """For another run: write the bytes in memory, and a side-file that says which bytes are on the disk.

        A failure here is ignored: the error that ends the transfer matters more, and the other files are still saved.
        """
        for channel in self._pool:
            with suppress(DownloadsError):
                channel.flush()
        for file in self._work.begun_files():
            known = file.describe()
            if known is not None:
                with suppress(DownloadsError):
                    file.write_down(known, file.generation, self._may_write)
