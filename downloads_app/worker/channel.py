"""One connection at work: it brings the bytes of one fetch after another and writes them to their place."""

import time
from collections.abc import Callable

import pycurl

from downloads_app.errors import DownloadsError, SourceError
from downloads_app.sources import Access
from downloads_app.sources.connection import MAX_REDIRECTS, Connection
from downloads_app.worker.partial_file import UNKNOWN_END, Fetch
from downloads_app.worker.storage import explain_disk, write_all
from downloads_app.worker.verdicts import Answer, ContentChanged, RangesIgnored, judge, refuse_content

FLUSH_BYTES = 256 * 1024
MAX_CHUNKS = 512
"""`pwritev` takes at most 1,024 parts."""
IGNORED_LIMIT_BYTES = 64 * 1024
"""How much of a redirect's or an error's page is read to keep the connection."""
UNANNOUNCED_LIMIT_BYTES = 64 << 30
"""Where an answer that announces no length ends at the latest."""
STOP = -1
"""What a callback answers to make libcurl end the transfer."""


class Channel:
    """A reusable connection. Nothing is raised out of a libcurl callback: it is kept in `fault`."""

    def __init__(self, access: Access, charge: Callable[[int], None], may_write: Callable[[], bool]) -> None:
        self.connection = Connection(access)
        self.curl = self.connection.curl
        self.curl.setopt(pycurl.WRITEFUNCTION, self._take)
        self.fetch: Fetch | None = None
        self.fault: Exception | None = None
        self.answer: Answer | None = None
        self.has_flowed = False
        """Whether this connection has ever brought a byte."""
        self.took_shortcut = False
        """Whether the address is one that earlier redirects led to; it may have expired since."""
        self.begun_at = 0.0
        self.last_byte_at = 0.0
        self.bytes_per_second = 0.0
        self.companions = 0
        self._measured_bytes = 0
        self._charge = charge
        self._may_write = may_write
        self._chunks: list[bytes] = []
        self._held_bytes = 0
        self._ignored_bytes = 0
        self._hops = 0

    def begin(self, fetch: Fetch, companions: int) -> None:
        """Prepare the request for `fetch`, beside `companions` other connections.

        Raises SourceError where its address may not be asked.
        """
        self.fetch, self.fault, self.companions = fetch, None, companions
        self._hops, self._chunks, self._held_bytes = 0, [], 0
        self.begun_at = time.monotonic()
        self.bytes_per_second, self._measured_bytes = 0.0, 0
        self.took_shortcut = fetch.file.resolved_url is not None
        self._aim(fetch.file.resolved_url or fetch.file.remote.url)

    def follow_redirect(self) -> bool:
        """Prepare the next hop if the answer redirects; raises SourceError after too many."""
        onward = self.connection.find_next_hop()
        if onward is None or self.fetch is None:
            return False
        self._hops += 1
        if self._hops > MAX_REDIRECTS:
            path = self.fetch.file.remote.path
            raise SourceError(f"{path}: more than {MAX_REDIRECTS} redirects", permanent=True)
        self._aim(onward)
        self.fetch.file.resolved_url = onward
        return True

    def _aim(self, url: str) -> None:
        fetch = self.fetch
        assert fetch is not None
        self.answer = None
        self._ignored_bytes = 0
        self.last_byte_at = time.monotonic()
        self.connection.aim(url, _range_headers(fetch))

    def measure(self, elapsed_seconds: float) -> None:
        """Take the speed since the last call into a moving average."""
        if self.fetch is None:
            return
        moved = self.fetch.moved_bytes - self._measured_bytes
        self._measured_bytes = self.fetch.moved_bytes
        share = 0.3 if self.bytes_per_second else 1.0
        self.bytes_per_second += share * (moved / elapsed_seconds - self.bytes_per_second)

    def accept(self) -> None:
        """Judge the head of the answer, once, and learn from it; raises what is wrong with it."""
        fetch, head = self.fetch, self.connection.head
        assert fetch is not None
        file = fetch.file
        answer = judge(head, file.remote, fetch.at, fetch.end, known_total=file.total_bytes, identity=file.identity)
        file.is_probed = True
        file.identity = answer.identity
        if answer.total_bytes is not None:
            file.total_bytes = answer.total_bytes
        file.accepts_ranges = self._learn_ranges(answer)
        if not answer.is_partial:
            fetch.end = UNANNOUNCED_LIMIT_BYTES if file.total_bytes is None else file.total_bytes
        elif answer.end is not None:
            fetch.end = min(fetch.end, answer.end)
        self.answer = answer

    def _learn_ranges(self, answer: Answer) -> bool | None:
        """Whether other ranges may be asked for: shown, denied, or not known."""
        fetch = self.fetch
        assert fetch is not None
        announced = self.connection.head.headers.get("accept-ranges", "").lower()
        if not answer.is_partial and (_range_headers(fetch) or announced == "none"):
            return False
        if fetch.file.accepts_ranges is None and (answer.is_partial or announced == "bytes"):
            return True
        return fetch.file.accepts_ranges

    def _take(self, data: bytes) -> int | None:
        """libcurl's write callback."""
        if self.fetch is None or self.fetch.is_stale or self.fault is not None:
            return STOP
        try:
            return self._ignore(data) if self._is_beside_the_point() else self._store(data)
        except (DownloadsError, ContentChanged, RangesIgnored) as fault:
            self.fault = fault
            return STOP

    def _is_beside_the_point(self) -> bool:
        if self.answer is None and not 300 <= self.connection.head.status < 400:
            self.accept()
        return self.answer is None

    def _ignore(self, data: bytes) -> int | None:
        self._ignored_bytes += len(data)
        return STOP if self._ignored_bytes > IGNORED_LIMIT_BYTES else None

    def _store(self, data: bytes) -> int | None:
        fetch = self.fetch
        assert fetch is not None
        self.last_byte_at = time.monotonic()
        self.has_flowed = True
        self._charge(len(data))
        room = fetch.end - fetch.at - self._held_bytes
        is_too_much = len(data) > room
        if is_too_much:
            data = data[: max(0, room)]
        self._chunks.append(data)
        self._held_bytes += len(data)
        fetch.moved_bytes += len(data)
        if self._held_bytes >= FLUSH_BYTES or len(self._chunks) >= MAX_CHUNKS:
            self.flush()
        return STOP if is_too_much else None

    def flush(self) -> None:
        """Write what is held; nothing is written for a fetch that has become stale, or without the right."""
        fetch, chunks = self.fetch, self._chunks
        if not chunks:
            return
        self._chunks, held_bytes, self._held_bytes = [], self._held_bytes, 0
        if fetch is None or fetch.is_stale or not self._may_write():
            return
        if fetch.at == 0:  # every file has such a flush
            refuse_content(fetch.file.remote, b"".join(chunks)[:512])
        if fetch.at == 0 and held_bytes == fetch.file.total_bytes:
            fetch.file.content = chunks
        else:
            with explain_disk(fetch.file.remote.path):
                write_all(fetch.file.open(), chunks, fetch.at)
        fetch.file.kept.add(fetch.at, fetch.at + held_bytes)
        fetch.at += held_bytes

    @property
    def reached_end(self) -> bool:
        """Whether all that was asked for is here (a connection is cut at the end of a shortened fetch)."""
        return self.fetch is not None and self.fetch.at + self._held_bytes >= self.fetch.end

    def close(self) -> None:
        """Close the connection."""
        self._chunks = []
        self.connection.close()


def _range_headers(fetch: Fetch) -> list[str]:
    file = fetch.file
    if fetch.at == 0 and (file.total_bytes is None or fetch.end >= file.total_bytes):
        return []
    last = "" if fetch.end >= UNKNOWN_END else fetch.end - 1
    headers = [f"Range: bytes={fetch.at}-{last}"]
    if fetch.at and file.remote.sha256 is None and file.identity.startswith("etag:"):
        headers.append(f"If-Range: {file.identity.removeprefix('etag:')}")
    return headers
