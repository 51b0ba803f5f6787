"""One libcurl handle that keeps a provider's rules at every hop, and small documents fetched through it.

Redirects are followed by us, hop by hop: libcurl would hand the token to every port of a host.
"""

import re
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, urldefrag, urljoin, urlsplit

import pycurl

from downloads_app.errors import SourceError
from downloads_app.sources import Access
from downloads_app.sources.address_guard import find_refusal
from downloads_app.sources.answers import AnswerHead, explain_curl_error
from downloads_app.sources.route import (
    find_ca_file,
    find_origin,
    find_proxy,
    find_refusal_behind_proxy,
    shorten_url,
)

MAX_REDIRECTS = 5
CONNECT_TIMEOUT_SECONDS = 15
RECEIVE_BUFFER_BYTES = 256 * 1024
USER_AGENT = "downloads-app"
_AMBIGUOUS = re.compile(r"[\\\s\x00-\x1f\x7f]")
"""What URL parsers disagree about: libcurl must not go to another host than the one judged here."""
_KEPT_IN_URLS = "%/:=&?~#+!$,;'@()*[]"


class Connection:
    """A reusable handle. `aim` it at a URL, perform `curl` (alone or in a multi handle), read `head`."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.head = AnswerHead()
        self.refusal: str | None = None
        self._url = self.host = ""
        self._is_proxied = False
        self._proxy: str | None = ""
        self._proxies: dict[tuple[str, str], str | None] = {}
        self._opened: socket.socket | None = None
        self.curl = pycurl.Curl()
        self._set_rules()

    def _set_rules(self) -> None:
        curl = self.curl
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.FOLLOWLOCATION, 0)
        curl.setopt(pycurl.NOSIGNAL, 1)  # real threads: no SIGALRM
        curl.setopt(pycurl.CONNECTTIMEOUT, CONNECT_TIMEOUT_SECONDS)
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)  # ranges ride connections of their own
        curl.setopt(pycurl.HTTP_CONTENT_DECODING, 0)  # bytes are stored as they are, never unpacked
        curl.setopt(pycurl.BUFFERSIZE, RECEIVE_BUFFER_BYTES)
        curl.setopt(pycurl.TCP_KEEPALIVE, 1)
        curl.setopt(pycurl.USERAGENT, USER_AGENT)
        curl.setopt(pycurl.CAINFO, find_ca_file(self.access))
        curl.setopt(pycurl.PROXY_CAINFO, find_ca_file(self.access))
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self._open_socket)
        curl.setopt(pycurl.PREREQFUNCTION, self._check_connected)
        curl.setopt(pycurl.HEADERFUNCTION, self.head.add_line)

    def aim(self, url: str, headers: Sequence[str] = ()) -> None:
        """Prepare the request for `url`; raises a permanent SourceError where it may not be asked at all."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or _AMBIGUOUS.search(url):
            raise SourceError(f"{shorten_url(url)} is not an http or https address", permanent=True)
        proxy = self._find_proxy(parts)
        self.refusal = find_refusal_behind_proxy(self.access, parts.hostname) if proxy else None
        if self.refusal:
            raise SourceError(self.refusal, permanent=True)
        self._url = url
        self.host, self._is_proxied = parts.hostname, proxy is not None
        self.head.clear()
        self.curl.setopt(pycurl.URL, url)
        if proxy != self._proxy:
            self._proxy = proxy
            self.curl.setopt(pycurl.PROXY, proxy or "")  # the empty string keeps libcurl from choosing one itself
        self.curl.setopt(pycurl.HTTPHEADER, [*self._identify(url), "Accept-Encoding: identity", *headers])

    def find_next_hop(self) -> str | None:
        """Return the address that the answer redirects to, if it does."""
        location = self.head.headers.get("location")
        if self.head.status not in (301, 302, 303, 307, 308) or not location:
            return None
        return urldefrag(urljoin(self._url, quote(location.encode("latin-1"), safe=_KEPT_IN_URLS))).url

    def explain(self, code: int, text: str, what: str) -> SourceError:
        """Say in the domain's words why libcurl gave up fetching `what`."""
        if self.refusal:
            return SourceError(f"{what}: {self.refusal}", permanent=True)
        return explain_curl_error(code, text, what)

    def close(self) -> None:
        """Close the handle."""
        self.curl.close()
        self._close_opened()

    def _close_opened(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _find_proxy(self, parts: SplitResult) -> str | None:
        """Remember the proxy of each origin: looking through the environment takes longer than a small file."""
        key = parts.scheme, parts.netloc
        if key not in self._proxies:
            self._proxies[key] = find_proxy(self.access, parts)
        return self._proxies[key]

    def _identify(self, url: str) -> list[str]:
        if not self.access.token or find_origin(url) != find_origin(self.access.url):
            return []
        return [f"Authorization: Bearer {self.access.token}"]

    def _open_socket(self, purpose: int, target: tuple[int, int, int, tuple[str, int]]) -> object:
        """Refuse before the first packet: what a forbidden address answers must not be told either."""
        family, kind, protocol, address = target
        if not self._is_proxied:
            self.refusal = find_refusal(self.access, self.host, str(address[0]))
            if self.refusal:
                return pycurl.SOCKET_BAD
        self._close_opened()
        self._opened = socket.socket(family, kind, protocol)
        return self._opened  # of which pycurl takes a duplicate

    def _check_connected(self, address: str, _local: str, _port: int, _local_port: int) -> int:
        """Check again before each request: the connection may be an older one that is used again."""
        self._close_opened()
        self.refusal = None if self._is_proxied else find_refusal(self.access, self.host, address)
        return int(pycurl.PREREQFUNC_ABORT if self.refusal else pycurl.PREREQFUNC_OK)


@dataclass(frozen=True, slots=True)
class Response:
    """A small document. Header names are in lower case; `url` is where the last redirect led."""

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
    connection: Connection | None = None,
) -> Response:
    """Fetch a document of at most `limit_bytes`, following up to five redirects; memory stays bounded.

    With a `connection` of the same access, which stays the caller's, many documents ride one kept-alive line.
    Answers of every status are returned. Raises SourceError: unreachable, refused address, too many
    redirects, too large, encoded although it was not asked to be.
    """
    line = connection or Connection(access)
    deadline = time.monotonic() + timeout_seconds
    try:
        for _ in range(MAX_REDIRECTS + 1):
            line.aim(url, headers)
            body = _perform(line, limit_bytes, deadline - time.monotonic())
            onward = line.find_next_hop()
            if onward is None:
                return Response(line.head.status, line.head.headers.copy(), body, url)
            url = onward
    finally:
        if connection is None:
            line.close()
    raise SourceError(f"{shorten_url(url)}: more than {MAX_REDIRECTS} redirects", permanent=True)


def _perform(connection: Connection, limit_bytes: int, timeout_seconds: float) -> bytes:
    body = bytearray()

    def keep(data: bytes) -> int:
        if len(body) + len(data) > limit_bytes:
            return 0  # fewer than it was given: libcurl stops
        body.extend(data)
        return len(data)

    connection.curl.setopt(pycurl.WRITEFUNCTION, keep)
    connection.curl.setopt(pycurl.TIMEOUT_MS, max(1, int(timeout_seconds * 1000)))
    try:
        connection.curl.perform()
    except pycurl.error as exc:
        code, text = exc.args
        if code == pycurl.E_WRITE_ERROR:
            raise SourceError(f"The answer is longer than {limit_bytes} bytes", permanent=True) from None
        raise connection.explain(code, text, connection.host) from None
    if connection.head.is_encoded:
        raise SourceError("The server sent encoded text although none was asked for", permanent=True)
    return bytes(body)
