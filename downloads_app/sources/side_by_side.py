"""Fetches many small documents over a few connections at once, in the caller's thread."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pycurl

from downloads_app.errors import SourceError, TooManyFiles
from downloads_app.sources import Access
from downloads_app.sources.connection import MAX_REDIRECTS, Connection
from downloads_app.sources.descriptors import open_multi
from downloads_app.sources.fetching import Response
from downloads_app.sources.route import is_same_origin, shorten_url

CONNECTIONS = 6
"""As many as a browser opens to one server."""
DOCUMENT_SECONDS = 60
SELECT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Question:
    """One document: its address, headers that follow redirects, and headers for the address's own origin only."""

    url: str
    headers: tuple[str, ...] = ()
    own_headers: tuple[str, ...] = field(default=(), repr=False)


def fetch_side_by_side(
    access: Access, questions: Sequence[Question], *, limit_bytes: int, check: Callable[[], None]
) -> Iterator[tuple[Question, Response]]:
    """Yield questions with their answers in the order of arrival: any status, at most `limit_bytes` each.

    `check` is called at least about once a second; to stop, it raises. Raises SourceError at the first document that
    cannot be fetched, as `fetch_text` does.
    """
    count = min(CONNECTIONS, access.max_connections or CONNECTIONS, len(questions))
    lines = [_Line(access, limit_bytes) for _ in range(count)]
    multi = open_multi()
    busy: dict[pycurl.Curl, _Line] = {}
    try:
        yield from _ask_all(multi, deque(questions), lines, busy, check)
    finally:
        for curl in busy:
            multi.remove_handle(curl)
        for line in lines:
            line.connection.close()
        multi.close()


def _ask_all(
    multi: pycurl.CurlMulti,
    waiting: deque[Question],
    lines: Sequence["_Line"],
    busy: dict[pycurl.Curl, "_Line"],
    check: Callable[[], None],
) -> Iterator[tuple[Question, Response]]:
    """Ask over all lines until nothing waits. `busy` are the handles in `multi`, with their lines."""
    idle = list(lines)

    def start(line: _Line) -> None:
        busy[line.connection.curl] = line
        multi.add_handle(line.connection.curl)

    while waiting or busy:
        check()
        while idle and waiting:
            line = idle.pop()
            line.begin(waiting.popleft())
            start(line)
        for curl, code in _move(multi, len(busy)):
            multi.remove_handle(curl)
            line = busy.pop(curl)
            try:
                answer = line.conclude(code)
            except TooManyFiles:
                if not busy:
                    raise
                waiting.append(line.question)  # the other connections will ask it
                line.connection.close()
                continue
            if answer is None:
                start(line)
            else:
                idle.append(line)
                yield line.question, answer


def _move(multi: pycurl.CurlMulti, count: int) -> list[tuple[pycurl.Curl, int]]:
    """Move bytes, or wait for some. Return the handles that have ended, each with libcurl's code (0: success)."""
    _, running = multi.perform()
    if running == count:
        multi.select(SELECT_SECONDS)
        return []
    ended: list[tuple[pycurl.Curl, int]] = []
    left = 1
    while left:
        left, succeeded, failed = multi.info_read()
        ended += [(curl, 0) for curl in succeeded] + [(curl, code) for curl, code, _ in failed]
    return ended


class _Line:
    """One connection, and the question that it is asking."""

    question: Question

    def __init__(self, access: Access, limit_bytes: int) -> None:
        self.connection = Connection(access)
        self._limit_bytes = limit_bytes
        self._received = bytearray()
        self._url = ""
        self._hops = 0
        self.connection.curl.setopt(pycurl.WRITEFUNCTION, self._keep)
        self.connection.curl.setopt(pycurl.TIMEOUT, DOCUMENT_SECONDS)

    def begin(self, question: Question) -> None:
        """Prepare the request. Raises SourceError if its address may not be used."""
        self.question, self._hops = question, 0
        self._aim(question.url)

    def conclude(self, code: int) -> Response | None:
        """Return the answer; None after a redirect, with the next request prepared. Raises SourceError."""
        line = self.connection
        if code == pycurl.E_WRITE_ERROR:
            raise SourceError(f"The answer is longer than {self._limit_bytes} bytes", permanent=True)
        if code:
            raise line.explain(code, line.where)
        onward = line.find_next_hop()
        if onward is None:
            return Response(line.head.status, line.head.headers.copy(), bytes(self._received), self._url)
        self._hops += 1
        if self._hops > MAX_REDIRECTS:
            raise SourceError(f"{shorten_url(onward)}: more than {MAX_REDIRECTS} redirects", permanent=True)
        self._aim(onward)
        return None

    def _aim(self, url: str) -> None:
        question = self.question
        own = question.own_headers if is_same_origin(url, question.url) else ()
        self._url = url
        self._received.clear()
        self.connection.aim(url, (*own, *question.headers))

    def _keep(self, data: bytes) -> int:
        if len(self._received) + len(data) > self._limit_bytes:
            return 0  # libcurl stops if we take fewer bytes than it gave
        self._received.extend(data)
        return len(data)
