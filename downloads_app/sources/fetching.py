"""Fetches one small document, over a `Connection`."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import pycurl

from downloads_app.errors import SourceError
from downloads_app.sources import Access
from downloads_app.sources.connection import MAX_REDIRECTS, Connection
from downloads_app.sources.route import is_same_origin, shorten_url


@dataclass(frozen=True, slots=True)
class Response:
    """A small document. Header names are in lower case. `url` is the address after all redirects."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)
    url: str = field(repr=False)


def fetch_text(
    access: Access,
    url: str,
    *,
    limit_bytes: int,
    timeout_seconds: float = 30,
    headers: Sequence[str] = (),
    own_headers: Sequence[str] = (),
    body: bytes | None = None,
    connection: Connection | None = None,
    is_head: bool = False,
) -> Response:
    """Fetch a document of at most `limit_bytes`, following up to five redirects; memory stays bounded.

    `own_headers` go to the origin of `url` only. A `body` is posted, also after a redirect. With `is_head` only the
    answer's head is requested. A `connection` of the same access serves many documents; the caller closes it. Answers
    of every status are returned. Raises SourceError: unreachable, refused address, too many redirects, too large
    (also after unpacking), an unknown content coding.
    """
    line = connection or Connection(access)
    deadline = time.monotonic() + timeout_seconds
    asked = url
    try:
        for _ in range(MAX_REDIRECTS + 1):
            line.aim(url, (*own_headers, *headers) if is_same_origin(url, asked) else headers)
            _choose_method(line.curl, body, is_head)
            document = _perform(line, limit_bytes, deadline - time.monotonic(), may_ask_again=body is None)
            onward = line.find_next_hop()
            if onward is None:
                return Response(line.head.status, line.head.headers.copy(), document, url)
            url = onward
    finally:
        if connection is None:
            line.close()
        else:
            line.curl.setopt(pycurl.HTTPGET, 1)
    raise SourceError(f"{shorten_url(url)}: more than {MAX_REDIRECTS} redirects", permanent=True)


def _choose_method(curl: pycurl.Curl, body: bytes | None, is_head: bool) -> None:
    if body is not None:
        curl.setopt(pycurl.POSTFIELDS, body)
    else:
        curl.setopt(pycurl.NOBODY if is_head else pycurl.HTTPGET, 1)


def _perform(connection: Connection, limit_bytes: int, timeout_seconds: float, *, may_ask_again: bool) -> bytes:
    """Return the answer's body. If a server packs it unasked, request it again and let libcurl unpack it."""
    received = _receive(connection, limit_bytes, timeout_seconds)
    if not received or not connection.head.is_encoded:
        return bytes(received)
    if not may_ask_again:
        raise _encoded()
    connection.unpack(True)
    try:
        return bytes(_receive(connection, limit_bytes, timeout_seconds))
    finally:
        connection.unpack(False)


def _receive(connection: Connection, limit_bytes: int, timeout_seconds: float) -> bytearray:
    received = bytearray()

    def keep(data: bytes) -> int:
        if len(received) + len(data) > limit_bytes:
            return 0  # fewer than it was given: libcurl stops
        received.extend(data)
        return len(data)

    connection.curl.setopt(pycurl.WRITEFUNCTION, keep)
    connection.curl.setopt(pycurl.TIMEOUT_MS, max(1, int(timeout_seconds * 1000)))
    try:
        connection.curl.perform()
    except pycurl.error as exc:
        code = exc.args[0]
        if code == pycurl.E_WRITE_ERROR:
            raise SourceError(f"The answer is longer than {limit_bytes} bytes", permanent=True) from None
        if code == pycurl.E_BAD_CONTENT_ENCODING:
            raise _encoded() from None
        raise connection.explain(code, connection.where) from None
    return received


def _encoded() -> SourceError:
    return SourceError("The server sent encoded text although none was asked for", permanent=True)
