"""One connection: it requests one fetch after another and writes the bytes to the file."""

import math
import time
from collections.abc import Callable

import pycurl

from downloads_app.errors import DownloadsError, SourceError, TooManyFiles
from downloads_app.sources import Access, Target
from downloads_app.sources.connection import MAX_REDIRECTS, Connection
from downloads_app.sources.route import is_same_origin
from downloads_app.worker.files.disk import explain_disk, write_all
from downloads_app.worker.files.first_bytes import SNIFFED_BYTES, join_first_bytes, refuse_first_bytes
from downloads_app.worker.files.offered_sums import read_linked_sums
from downloads_app.worker.files.partial_file import Fetch, PartialFile
from downloads_app.worker.transfer.bandwidth import Bandwidth
from downloads_app.worker.transfer.request import ask_for, known_of, learn_from
from downloads_app.worker.transfer.verdicts import Answer, Asked, judge

FLUSH_BYTES = 1024 * 1024
IGNORED_LIMIT_BYTES = 64 * 1024
"""How much of the body of a redirect or an error we read, so we can keep the connection."""
UNANNOUNCED_LIMIT_BYTES = 64 << 30
"""The most bytes we accept of an answer without a length."""
BORROWED_SECONDS = 0.02
"""How far ahead of the bandwidth limit a connection may read before it pauses. It is short enough for a smooth rate,
and long enough to avoid a wake-up for each packet."""
STOP = -1
"""A callback returns this to make libcurl end the transfer."""


class Channel:
    """A reusable connection. A libcurl callback cannot raise, so it keeps an exception in `fault`."""

    fetch: Fetch
    asked: Asked
    target: Target
    """The address of the request, and its headers."""

    def __init__(
        self, access: Access, bandwidth: Bandwidth, count: Callable[[int], None], may_write: Callable[[], bool]
    ) -> None:
        self.connection = Connection(access)
        self.curl = self.connection.curl
        self.curl.setopt(pycurl.WRITEFUNCTION, self._take)
        self.fault: Exception | None = None
        self.answer: Answer | None = None
        self.has_flowed = False
        """Whether this connection has ever brought a byte."""
        self.companions = 0
        """How many other connections were at work when this fetch began."""
        self.begun_at = 0.0
        self.last_byte_at = 0.0
        self.bytes_per_second = 0.0
        """A moving average over the fetches of this connection; 0 before the first measurement."""
        self.round_trip_seconds = math.inf
        """The shortest time so far from a request to the first bytes of its answer."""
        self._unmeasured_bytes = 0
        self.is_paused = False  # our own limit keeps us from reading what has come
        self._bandwidth = bandwidth
        self._count = count
        self._may_write = may_write
        self._chunks: list[bytes] = []
        self._held_bytes = 0
        self._is_free = False
        """Whether the write callback may just keep the bytes, with no check except of their number."""
        self._ignored_bytes = self._skip_bytes = self._hops = 0
        self.shortcut_url: str | None = None
        """The address after earlier redirects, if the request went there directly. It may have expired."""

    def begin(self, fetch: Fetch, target: Target, companions: int) -> None:
        """Prepare the request for `fetch` at `target`. Raises SourceError if that address may not be used."""
        self.fetch, self.fault, self.companions = fetch, None, companions
        self._hops, self._chunks, self._held_bytes = 0, [], 0
        self.is_paused = self._is_free = False
        self.begun_at = time.monotonic()
        self._skip_bytes = 0
        self.target, self.shortcut_url = target, fetch.file.resolved_url
        self._aim(self.shortcut_url or target.url)

    def _aim(self, url: str) -> None:
        self.answer = None
        self._ignored_bytes = 0
        self.last_byte_at = time.monotonic()
        self.asked, headers = ask_for(self.fetch)
        if self.target.headers and is_same_origin(url, self.target.url):
            headers += self.target.headers
        self.connection.aim(url, headers)
        self.connection.unpack(self.asked.unpacks)

    @property
    def file(self) -> PartialFile:
        return self.fetch.file

    @property
    def is_stale(self) -> bool:
        """Whether the file has been restarted since this fetch began. Then its bytes must be dropped."""
        return self.fetch.generation != self.file.generation

    @property
    def remaining_seconds(self) -> float:
        """How long the fetch will still take at its current speed."""
        return (self.fetch.end - self.fetch.at) / max(self.bytes_per_second, 1.0)

    def measure(self, elapsed_seconds: float) -> None:
        """Add the speed since the last call to the moving average."""
        rate, self._unmeasured_bytes = self._unmeasured_bytes / elapsed_seconds, 0
        share = 0.1 if self.bytes_per_second else 1.0
        self.bytes_per_second += share * (rate - self.bytes_per_second)

    def conclude(self, code: int) -> bool:
        """Process the result of a request that libcurl ended with `code`. Return True if a redirect follows.

        Raises an exception for what is wrong with the answer or with the disk.
        """
        has_head = code in (0, pycurl.E_WRITE_ERROR)  # E_WRITE_ERROR: we did not want the rest
        if self.answer is None and self.fault is None and has_head:
            if self._follow_redirect():
                return True
            self._accept()
        self.flush(has_ended=code == 0)
        if not self.bytes_per_second:
            self.measure(time.monotonic() - self.begun_at)
        return False

    def explain(self, code: int) -> SourceError | TooManyFiles:
        """Say why libcurl gave up."""
        return self.connection.explain(code, self.file.remote.path)

    def _follow_redirect(self) -> bool:
        onward = self.connection.find_next_hop()
        if onward is None:
            return False
        self._hops += 1
        if self._hops > MAX_REDIRECTS:
            path = self.file.remote.path
            raise SourceError(f"{path}: more than {MAX_REDIRECTS} redirects", permanent=True)
        if linked := read_linked_sums(self.connection.head):
            self.file.linked = linked
        self._aim(onward)
        self.file.resolved_url = onward
        return True

    def _accept(self) -> None:
        """Check the head of the answer, once, and learn from it. Raises an exception for what is wrong with it."""
        fetch, file, head = self.fetch, self.file, self.connection.head
        self.round_trip_seconds = min(self.round_trip_seconds, time.monotonic() - self.last_byte_at)
        answer = judge(head, file.remote, self.asked, known_of(fetch))
        if fetch.is_whole:
            if not self._may_write():
                raise DownloadsError(f"{file.remote.path}: it may be another worker's by now")
            file.begin_whole(fetch)
        learn_from(head, self.asked, answer, file)
        if not answer.is_partial:
            fetch.end = UNANNOUNCED_LIMIT_BYTES if file.total_bytes is None else file.total_bytes
        elif answer.end is not None:
            fetch.end = min(fetch.end, answer.end)
        fetch.is_part = answer.is_partial
        self._skip_bytes = self.asked.start - answer.start
        self.answer = answer

    def _take(self, data: bytes) -> int | None:
        """libcurl's write callback. It is called for each 16 KB, so it checks only what must be checked here."""
        fetch, held_bytes = self.fetch, self._held_bytes + len(data)
        if self._is_free and held_bytes < FLUSH_BYTES and held_bytes <= fetch.end - fetch.at:
            self.last_byte_at = time.monotonic()
            self._chunks.append(data)
            self._held_bytes = held_bytes
            return None
        return self._take_with_care(data, fetch)

    def _take_with_care(self, data: bytes, fetch: Fetch) -> int | None:
        if self.fault is not None or self.is_stale:
            return STOP
        if self._bandwidth.debt_seconds() > BORROWED_SECONDS:
            self.is_paused = True
            self.last_byte_at = time.monotonic()  # bytes are there, but we do not read them yet
            return int(pycurl.WRITEFUNC_PAUSE)  # libcurl will give us the same bytes again
        try:
            if self.answer is None and not 300 <= self.connection.head.status < 400:
                self._accept()
            return self._ignore(data) if self.answer is None else self._store(data, fetch)
        except Exception as fault:  # noqa: BLE001 - libcurl cannot raise it: the transfer does
            self.fault = fault
            self._is_free = False
            return STOP

    def _ignore(self, data: bytes) -> int | None:
        self._ignored_bytes += len(data)
        return STOP if self._ignored_bytes > IGNORED_LIMIT_BYTES else None

    def _store(self, data: bytes, fetch: Fetch) -> int | None:
        self.last_byte_at = time.monotonic()
        self.has_flowed = True
        count_bytes = len(data)
        self._bandwidth.charge(count_bytes)
        if self._skip_bytes:
            skipped = min(self._skip_bytes, count_bytes)
            self._skip_bytes -= skipped
            data = data[skipped:]
        room = fetch.end - fetch.at - self._held_bytes
        is_over = len(data) > room
        if is_over:
            data = data[: max(0, room)]
        self._chunks.append(data)
        self._held_bytes += len(data)
        if self._held_bytes >= FLUSH_BYTES:
            self.flush()
        self._is_free = self._bandwidth.bytes_per_second is None and not self._skip_bytes
        return STOP if is_over else None

    def resume(self) -> None:
        """Go on reading, if the bandwidth limit had paused it."""
        if self.is_paused:
            self.is_paused = False
            self.curl.pause(pycurl.PAUSE_CONT)

    def flush(self, *, has_ended: bool = False) -> None:
        """Write the bytes held in memory. Wait if there are too few first bytes to check and more may come.

        Write nothing for a stale fetch, or if `may_write` says no.
        """
        fetch, file = self.fetch, self.file
        is_whole = fetch.at == 0 and self._held_bytes == file.total_bytes
        is_all = has_ended or is_whole or self._held_bytes >= fetch.end - fetch.at
        if not self._chunks or (fetch.at == 0 and self._held_bytes < SNIFFED_BYTES and not is_all):
            return
        chunks, held_bytes = self._chunks, self._held_bytes
        self._chunks, self._held_bytes, self._is_free = [], 0, False
        self._unmeasured_bytes += held_bytes
        self._count(held_bytes)
        if self.is_stale or not self._may_write():
            return
        if fetch.at == 0 and not file.remote.vouching_sum:  # every file has such a flush
            head, first = self.connection.head, join_first_bytes(chunks)
            kind, encoding = head.headers.get("content-type", ""), "" if self.asked.unpacks else head.encoding
            refuse_first_bytes(file.remote.path, first, file.total_bytes, kind, encoding)
        if is_whole:
            file.content = chunks
        else:
            with explain_disk(file.remote.path):
                write_all(file.open(), chunks, fetch.at)
        file.kept.add(fetch.at, fetch.at + held_bytes)
        fetch.at += held_bytes

    def close(self) -> None:
        """Close the connection."""
        self._chunks = []
        self.connection.close()
