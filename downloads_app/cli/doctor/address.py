"""The public address of the service, and requests to it as any client makes them."""

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from downloads_app.errors import InvalidInput

TIMEOUT_SECONDS = 10.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")
FAILURES = (OSError, http.client.HTTPException, ValueError)
"""What a request raises that gets no answer, or none that can be understood."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the service is reached from outside."""

    is_encrypted: bool
    host: str
    port: int
    prefix: str
    """The path below which it lies; empty at the root."""

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return self.host in LOOPBACK


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    `seen_from` is our own address as the other end sees it, unless something translates it; `server` is its address.
    """

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    seen_from: str
    server: str

    def json(self) -> Any:
        """Return the body as JSON; raises ValueError."""
        return json.loads(self.body)


def read_address(url: str) -> Address:
    """Read a URL; raises InvalidInput."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput(f"{url[:200]!r} is not an address like https://downloads.example.org")
    is_encrypted = parts.scheme == "https"
    return Address(is_encrypted, parts.hostname, port or (443 if is_encrypted else 80), parts.path.rstrip("/"))


@contextmanager
def connected(
    address: Address, context: ssl.SSLContext | None = None, seconds: float = TIMEOUT_SECONDS
) -> Iterator[http.client.HTTPConnection]:
    """Give an open connection, its certificate judged unless `context` says otherwise; raises OSError."""
    if address.is_encrypted:
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            address.host, address.port, timeout=seconds, context=context or ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(address.host, address.port, timeout=seconds)
    try:
        connection.connect()
        yield connection
    finally:
        connection.close()


def ask(
    address: Address, method: str, path: str, *, body: object = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """Send a request and return its answer; raises one of FAILURES."""
    with connected(address) as connection:
        ends = connection.sock.getsockname()[0], connection.sock.getpeername()[0]
        content = None if body is None else json.dumps(body)
        sent = {"Content-Type": "application/json"} if content else {}
        connection.request(method, address.prefix + path, content, {**sent, **(headers or {})})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read(1 << 20), *ends)
