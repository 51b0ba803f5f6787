"""Moves the bytes of one download: several files and several ranges of a file at once, in one thread.

One libcurl multi handle carries all connections; a few threads beside it follow with the sums, sync and
place what is complete. It reports by callbacks and knows no database.
"""

import logging
import random
import statistics
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pycurl

from downloads_app.errors import DownloadsError, NoSpace, SourceError
from downloads_app.sources import Access, RemoteFile
from downloads_app.worker.bandwidth import Limits
from downloads_app.worker.channel import Channel
from downloads_app.worker.completion import Damaged
from downloads_app.worker.connection_count import ConnectionCount
from downloads_app.worker.finishing import Finisher
from downloads_app.worker.partial_file import Fetch, PartialFile
from downloads_app.worker.storage import FileResult, Storage, free_bytes, is_wanted
from downloads_app.worker.verdicts import ContentChanged, RangesIgnored

log = logging.getLogger(__name__)

TICK_SECONDS = 0.05
"""How long the thread waits for the network at most: `should_stop` is asked at least this often."""
TEND_SECONDS = 0.1
REPORT_SECONDS = 0.25
SAVE_SECONDS = 1.0
MAX_FAILURES = 6
"""Failures of one file in a row, without a byte in between, after which the transfer gives up."""
MAX_RETRY_AFTER_SECONDS = 120
"""A server that asks for a longer pause gets it from whoever runs the transfer."""
FIRST_PIECE_BYTES = 8 << 20
MAX_PIECE_BYTES = 128 << 20
PIECE_SECONDS = 1.0
"""Pieces from the front keep the sum close behind, and many servers slow down only long answers."""
LONE_PIECE_SECONDS = 8.0
"""With a single connection each piece costs a round trip of silence."""
MIN_SPLIT_BYTES = 2 << 20
MAX_OPEN_FILES = 64
SMALL_FILE_CREDIT_BYTES = 32 * 1024
"""What a finished file counts for beside its bytes, so that many tiny files are seen as speed too."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the transfer is. `current_bytes` are on the disk, those of finished files included."""

    current_bytes: int
    files_completed: int
    current_file: str | None


class Stopped(Exception):
    """`should_stop` said so; `kept_bytes` stay on the disk for another run."""

    def __init__(self, kept_bytes: int) -> None:
        super().__init__(f"stopped with {kept_bytes} bytes kept")
        self.kept_bytes = kept_bytes


class Transfer:
    """Fetches `files` into `folder`. Callbacks are called from the thread of `run` and must not block."""

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
        may_write: Callable[[], bool] = lambda: True,
        stall_seconds: float = 8.0,
        answer_seconds: float = 30.0,
    ) -> None:
        """`should_stop` and `may_write` are asked often, also from other threads.

        Stopping keeps what is here by a last side-file; without `may_write` (the lease is lost) not a byte
        is written any more. `stall_seconds` without a byte, or `answer_seconds` without an answer, end a
        connection.
        """
        self._access, self._files, self._limits = access, files, limits
        self._report, self._file_done = report, file_done
        self._should_stop, self._may_write = should_stop, may_write
        self._stall_seconds, self._answer_seconds = stall_seconds, answer_seconds
        self._storage = Storage(folder)
        self._waiting: deque[RemoteFile] = deque()
        self._waiting_bytes: dict[str, int] = {}
        self._open: list[PartialFile] = []
        self._finisher = Finisher(self._storage, should_stop, may_write)
        self._multi = pycurl.CurlMulti()
        self._idle: list[Channel] = []
        self._busy: dict[pycurl.Curl, Channel] = {}
        self._count = ConnectionCount()
        self._moved_bytes = 0
        self._done_bytes = 0
        self._done_files = 0
        self._hold_until = 0.0
        self._tended_at = self._saved_at = self._replaced_at = self._reported_at = time.monotonic()

    def run(self) -> None:
        """Fetch what is missing; returns when every file stands verified under its final name.

        Raises SourceError (permanent or not), NoSpace, Conflict (what else the disk refuses), Stopped.
        """
        try:
            self._storage.prepare(file.path for file in self._files)
            self._take_stock()
            self._report(self._progress())
            while self._waiting or self._open:
                if self._should_stop() or not self._may_write():
                    raise Stopped(self._kept_bytes())
                self._fill()
                self._move()
                self._collect_finished()
                self._tend()
            self._report(self._progress())
        except NoSpace as exc:
            raise self._with_numbers(exc) from exc
        finally:
            self._close()

    def _with_numbers(self, error: NoSpace) -> NoSpace:
        wanted = sum(file.size_bytes or 0 for file in self._files)
        missing = max(0, wanted - self._kept_bytes())
        return NoSpace(
            f"{error.message}: {missing} bytes are missing, {free_bytes(self._storage.folder)} bytes are free"
        )

    def _take_stock(self) -> None:
        """Find what earlier runs have finished or begun."""
        done = self._storage.read_done()
        for file in self._files:
            result = done.get(file.path)
            if result is not None and is_wanted(result, file):
                self._count_done(file, result)
                continue
            self._waiting.append(file)
            known = self._storage.read_side_file(file.path)
            if known is not None:
                self._waiting_bytes[file.path] = sum(end - start for start, end in known.ranges)

    def _count_done(self, file: RemoteFile, result: FileResult) -> None:
        self._done_files += 1
        self._done_bytes += result.size_bytes
        self._moved_bytes += SMALL_FILE_CREDIT_BYTES
        self._file_done(file, result)

    # -- giving connections work

    def _fill(self) -> None:
        now = time.monotonic()
        self._count.target = min(self._count.target, self._ceiling())
        while now >= self._hold_until and len(self._busy) < self._count.target:
            fetch = self._next_fetch(now)
            if fetch is None:
                return
            self._start(fetch)

    def _ceiling(self) -> int:
        return max(1, min(self._limits.connections, self._access.max_connections or self._limits.connections))

    def _next_fetch(self, now: float) -> Fetch | None:
        for file in self._open:
            if self._may_join(file, now):
                fetch = file.lease(self._piece_bytes())
                if fetch is not None:
                    return fetch
        if self._waiting and len(self._open) < MAX_OPEN_FILES:
            return self._open_next()
        return self._split_slowest(now)

    def _may_join(self, file: PartialFile, now: float) -> bool:
        if now < file.not_before or self._finisher.has(file):
            return False
        is_known = file.is_probed and file.accepts_ranges is True
        return len(file.fetches) < (max(1, self._limits.connections_per_file) if is_known else 1)

    def _open_next(self) -> Fetch | None:
        remote = self._waiting.popleft()
        file = PartialFile(remote, self._storage)
        self._open.append(file)
        file.load()
        self._waiting_bytes.pop(remote.path, None)
        if self._finisher.adopt_existing(file) or self._finisher.offer(file):
            return None
        return file.lease(self._piece_bytes())

    def _piece_bytes(self) -> int:
        speeds = [channel.bytes_per_second for channel in self._busy.values() if channel.bytes_per_second]
        if not speeds:
            return FIRST_PIECE_BYTES
        seconds = LONE_PIECE_SECONDS if self._count.target == 1 else PIECE_SECONDS
        wanted = int(statistics.median(speeds) * seconds)
        return max(FIRST_PIECE_BYTES, min(wanted, MAX_PIECE_BYTES))

    def _split_slowest(self, now: float) -> Fetch | None:
        """Take half of the range that would be the last to end, so that no single slow one is waited for."""
        candidates = [
            channel
            for channel in self._busy.values()
            if channel.answer and channel.fetch and self._may_join(channel.fetch.file, now)
        ]
        if not candidates:
            return None
        victim = max(candidates, key=_remaining_seconds)
        fetch = victim.fetch
        assert fetch is not None
        remaining = fetch.end - fetch.at
        if fetch.end != fetch.file.total_bytes and remaining < 2 * MIN_SPLIT_BYTES:
            return None
        if remaining < 2 * MIN_SPLIT_BYTES or _remaining_seconds(victim) < 1:
            return None
        fetch.was_split = True
        fetch.end = fetch.at + max(remaining // 2, min(remaining - MIN_SPLIT_BYTES, self._piece_bytes()))
        return fetch.file.lease(self._piece_bytes())

    def _start(self, fetch: Fetch) -> None:
        channel = self._idle.pop() if self._idle else Channel(self._access, self._charge, self._may_write)
        channel.begin(fetch, companions=len(self._busy))
        self._busy[channel.curl] = channel
        self._multi.add_handle(channel.curl)

    def _charge(self, count_bytes: int) -> None:
        self._moved_bytes += count_bytes
        self._limits.bandwidth.charge(count_bytes)

    # -- moving

    def _move(self) -> None:
        debt_seconds = min(self._limits.bandwidth.debt_seconds(), TICK_SECONDS)
        if debt_seconds:
            time.sleep(debt_seconds)
            for channel in self._busy.values():
                channel.last_byte_at += debt_seconds  # it is us who did not read
            return
        if not self._busy:
            self._finisher.wait(TICK_SECONDS)
            return
        _, still_running = self._multi.perform()
        if still_running == len(self._busy):
            self._multi.select(TICK_SECONDS)
            return
        left = 1
        while left:
            left, succeeded, failed = self._multi.info_read()
            for curl in succeeded:
                self._settle(curl, 0, "")
            for curl, code, text in failed:
                self._settle(curl, code, text)

    def _settle(self, curl: pycurl.Curl, code: int, text: str) -> None:
        """A connection has ended what it was doing: go on with it, or say what went wrong."""
        channel = self._busy[curl]
        self._multi.remove_handle(curl)
        fetch = channel.fetch
        assert fetch is not None
        file = fetch.file
        if fetch.is_stale:
            self._rest(channel)
            return
        try:
            if channel.answer is None and channel.fault is None and code in (0, pycurl.E_WRITE_ERROR):
                if channel.follow_redirect():
                    self._multi.add_handle(curl)
                    return
                channel.accept()
            channel.flush()
            fault = channel.fault
        except (SourceError, ContentChanged, RangesIgnored) as exc:
            fault = exc
        self._rest(channel)
        file.release(fetch)
        if fetch.moved_bytes:
            file.failures = 0
        if fault is not None:
            self._deal_with(file, channel, fault)
        elif code and fetch.at < fetch.end:
            self._retry(file, channel.connection.explain(code, text), made_progress=fetch.moved_bytes > 0)
        elif code and channel.answer and not channel.answer.is_partial and not fetch.was_split:
            raise SourceError(f"{file.remote.path}: the server sent more than was announced", permanent=True)
        elif file.total_bytes is None:
            file.total_bytes = fetch.at
        self._finisher.offer(file)

    def _rest(self, channel: Channel) -> None:
        del self._busy[channel.curl]
        self._idle.append(channel)

    def _deal_with(self, file: PartialFile, channel: Channel, fault: Exception) -> None:
        path = file.remote.path
        if isinstance(fault, ContentChanged):
            log.warning("%s changed at the server while it was being fetched; it is fetched anew", path)
            file.begin_again("it changed at the server while it was being fetched")
        elif isinstance(fault, RangesIgnored):
            file.accepts_ranges = False
        elif isinstance(fault, SourceError):
            self._deal_with_refusal(file, channel, fault)
        else:
            raise fault

    def _deal_with_refusal(self, file: PartialFile, channel: Channel, fault: SourceError) -> None:
        status = channel.connection.head.status
        if status in (403, 429, 503) and (self._busy or channel.companions):
            self._count.refuse(max(len(self._busy), channel.companions) + 1)
            fault = _as_transient(fault)
        elif channel.took_shortcut and status in (400, 401, 403, 404, 410):
            file.resolved_url = None  # ask for another signed address
            fault = _as_transient(fault)
        if fault.permanent:
            raise fault
        self._retry(file, fault)

    def _retry(self, file: PartialFile, error: SourceError, *, made_progress: bool = False) -> None:
        """Try again later, with growing pauses and jitter; raises `error` when that is no use."""
        if error.permanent:
            raise error
        pause = error.retry_after_seconds
        if pause is not None:
            if pause > MAX_RETRY_AFTER_SECONDS:
                raise error
            self._hold_until = max(self._hold_until, time.monotonic() + pause)
        file.drop_if_unsure()
        file.failures += not made_progress
        if file.failures >= MAX_FAILURES:
            raise error
        log.info("%s: trying again: %s", file.remote.path, error.message)
        backoff = min(2.0 ** (file.failures - 2), 30) if file.failures else 0.05
        file.not_before = time.monotonic() + backoff * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries

    # -- finishing

    def _collect_finished(self) -> None:
        for file, outcome in self._finisher.collect():
            if isinstance(outcome, FileResult):
                self._open.remove(file)
                file.close()
                self._count_done(file.remote, outcome)
            elif isinstance(outcome, Damaged):
                log.warning("%s: %s", file.remote.path, outcome)
                file.begin_again(str(outcome))

    # -- tending

    def _tend(self) -> None:
        now = time.monotonic()
        elapsed = now - self._tended_at
        if elapsed < TEND_SECONDS:
            return
        self._tended_at = now
        for channel in list(self._busy.values()):
            channel.measure(elapsed)
            channel.flush()
            limit = self._stall_seconds if channel.answer else self._answer_seconds
            if now - channel.last_byte_at > limit:
                self._cut(channel, f"no byte came for {limit:g} s")
        self._replace_laggard(now)
        flowing = sum(channel.has_flowed for channel in self._busy.values())
        self._count.observe(self._moved_bytes, flowing, self._ceiling())
        for file in self._open:
            self._finisher.offer(file)
        if now - self._saved_at >= SAVE_SECONDS:
            self._saved_at = now
            self._save()
        if now - self._reported_at >= REPORT_SECONDS:
            self._reported_at = now
            self._report(self._progress())

    def _cut(self, channel: Channel, reason: str) -> None:
        """End a connection that is of no use; what it has not brought is fetched by another one."""
        fetch = channel.fetch
        assert fetch is not None
        self._multi.remove_handle(channel.curl)
        del self._busy[channel.curl]
        channel.close()
        fetch.file.release(fetch)
        error = SourceError(f"{fetch.file.remote.path}: {reason}", permanent=False)
        self._retry(fetch.file, error, made_progress=fetch.moved_bytes > 0)

    def _replace_laggard(self, now: float) -> None:
        """End the one connection that is far slower than the others, at most every few seconds."""
        aged = [c for c in self._busy.values() if c.answer and now - c.begun_at > 3]
        if len(aged) < 3 or now - self._replaced_at < 5:
            return
        slowest = min(aged, key=lambda channel: channel.bytes_per_second)
        median = statistics.median(channel.bytes_per_second for channel in aged)
        if slowest.bytes_per_second < median / 5 and _remaining_seconds(slowest) > 3:
            self._replaced_at = now
            self._cut(slowest, "its connection was far slower than the others")

    def _save(self) -> None:
        for file in self._open:
            self._finisher.save(file)

    def _kept_bytes(self) -> int:
        on_the_way = sum(file.stored_bytes for file in self._open)
        return self._done_bytes + on_the_way + sum(self._waiting_bytes.values())

    def _progress(self) -> Progress:
        current = self._open[0].remote.path if self._open else None
        return Progress(self._kept_bytes(), self._done_files, current)

    def _close(self) -> None:
        for channel in self._busy.values():
            self._multi.remove_handle(channel.curl)
        self._finisher.close()
        with suppress(DownloadsError):  # what ends the transfer matters more
            self._keep()
        for file in self._open:
            file.close()
        self._storage.close()
        for channel in [*self._busy.values(), *self._idle]:
            channel.close()
        self._multi.close()

    def _keep(self) -> None:
        """Write what is held in memory, and down what is on the disk, for another run."""
        for channel in self._busy.values():
            channel.flush()
        for file in self._open:
            known = file.describe()
            if known is not None:
                file.write_down(known, file.generation, self._may_write)


def _remaining_seconds(channel: Channel) -> float:
    fetch = channel.fetch
    assert fetch is not None
    return (fetch.end - fetch.at) / max(channel.bytes_per_second, 1.0)


def _as_transient(error: SourceError) -> SourceError:
    return SourceError(error.message, permanent=False, retry_after_seconds=error.retry_after_seconds)
