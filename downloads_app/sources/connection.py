"""One libcurl handle that keeps a provider's rules at every redirect.

We follow redirects ourselves, one by one: libcurl would send the token to every port of a host.
"""

import socket
from collections.abc import Sequence
from urllib.parse import quote, urldefrag, urljoin

import pycurl

from downloads_app.errors import Cause, SourceError, TooManyFiles
from downloads_app.sources import Access
from downloads_app.sources.address_guard import Refusal, find_refusal
from downloads_app.sources.answers import NO_HTTP, AnswerHead, explain_curl_error, name_status
from downloads_app.sources.credentials import NOTHING, Credentials
from downloads_app.sources.descriptors import SHORT, lacks_descriptors
from downloads_app.sources.route import (
    AMBIGUOUS,
    NO_ADDRESS,
    Origin,
    Way,
    find_ca_file,
    find_origin,
    find_way,
)

MAX_REDIRECTS = 5
CONNECT_TIMEOUT_SECONDS = 15
RECEIVE_BUFFER_BYTES = 1024 * 1024
"""All handles of a multi handle share one buffer. On a fast network, a fourth of this size takes 1.5 times as long."""
USER_AGENT = "downloads-app"
_KEPT_IN_URLS = "%/:=&?~#+!$,;'@()*[]"


class Connection:
    """A reusable handle. `aim` it at a URL, perform `curl` (alone or in a multi handle), read `head`."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.head = AnswerHead()
        self.refusal: Refusal | None = None
        self.lacks_descriptor = False
        """Whether a socket could not be opened because the process has too many open files."""
        self._url = ""
        self._way = Way("", None, None, NOTHING)
        self._ways: dict[Origin, Way] = {}
        self._rules: tuple[str, Credentials, tuple[str, ...]] | None = None
        """The proxy, credentials and headers that the handle is set to."""
        self._opened: socket.socket | None = None
        self._unpacks = False
        self.curl = pycurl.Curl()
        self._set_rules()

    def _set_rules(self) -> None:
        curl = self.curl
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.FOLLOWLOCATION, 0)
        curl.setopt(pycurl.NOSIGNAL, 1)  # real threads: no SIGALRM
        curl.setopt(pycurl.CONNECTTIMEOUT, CONNECT_TIMEOUT_SECONDS)
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)  # each range has its own connection
        curl.setopt(pycurl.ACCEPT_ENCODING, "identity")  # an option: proxies change it, so no signature may cover it
        curl.setopt(pycurl.HTTP_CONTENT_DECODING, 0)  # bytes are stored as they arrive; see `unpack`
        curl.setopt(pycurl.BUFFERSIZE, RECEIVE_BUFFER_BYTES)
        curl.setopt(pycurl.TCP_KEEPALIVE, 1)
        curl.setopt(pycurl.USERAGENT, USER_AGENT)
        curl.setopt(pycurl.CAINFO, find_ca_file(self.access))
        curl.setopt(pycurl.PROXY_CAINFO, find_ca_file(self.access))
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self._open_socket)
        curl.setopt(pycurl.PREREQFUNCTION, self._check_connected)
        curl.setopt(pycurl.HEADERFUNCTION, self.head.add_line)

    def aim(self, url: str, headers: Sequence[str] = ()) -> None:
        """Prepare the request for `url`. Raises a permanent SourceError if that address may not be used."""
        way = self._find_way(url)
        self._url, self._way, self.refusal, self.lacks_descriptor = url, way, None, False
        self.head.clear()
        self.curl.setopt(pycurl.URL, url)
        rules = way.proxy or "", way.credentials, tuple(headers)
        if rules != self._rules:
            if self._rules is None or self._rules[1] != way.credentials:
                _show(way.credentials, self.curl)
            self._rules = rules
            self.curl.setopt(pycurl.PROXY, rules[0])  # the empty string keeps libcurl from choosing one itself
            self.curl.unsetopt(pycurl.HTTPHEADER)  # an empty list would keep the old headers, and send their secrets
            self.curl.setopt(pycurl.HTTPHEADER, (*way.credentials.headers, *headers))

    def unpack(self, wanted: bool) -> None:
        """Choose whether libcurl unpacks the bodies of the next answers, or returns them as they arrive."""
        if wanted != self._unpacks:
            self._unpacks = wanted
            self.curl.setopt(pycurl.HTTP_CONTENT_DECODING, int(wanted))

    @property
    def host(self) -> str:
        """The host of the current request."""
        return self._way.host

    @property
    def where(self) -> str:
        """The host of the current request, with its port if the address has one, for messages."""
        return self._way.where

    def find_next_hop(self) -> str | None:
        """Return the address that the answer redirects to, if it does."""
        location = self.head.headers.get("location")
        if self.head.status not in (301, 302, 303, 307, 308) or not location:
            return None
        onward = quote(location.encode("latin-1"), safe=_KEPT_IN_URLS)
        try:
            return urldefrag(urljoin(self._url, onward)).url
        except ValueError:
            raise SourceError(f"{self.host}: it redirects to what is no address", permanent=True) from None

    def explain(self, code: int, what: str) -> SourceError | TooManyFiles:
        """Return the error that says why libcurl could not fetch `what`.

        If no descriptor is free, then hosts, certificates and sockets all fail.
        """
        if not self.head.status and (self.lacks_descriptor or lacks_descriptors()):
            return TooManyFiles(f"{what}: too many open files")
        if self.refusal:
            text = self.refusal.message if what == self.where else f"{what}: {self.refusal.message}"
            return SourceError(text, permanent=True, cause=Cause.ADDRESS, option=self.refusal.option)
        by_proxy = int(self.curl.getinfo(pycurl.HTTP_CONNECTCODE))
        if code and by_proxy >= 300:
            text = f"{what}: the outgoing proxy answered {name_status(by_proxy)}"
            return SourceError(text, permanent=by_proxy in (401, 403, 407), cause=Cause.NETWORK)
        if code == pycurl.E_UNSUPPORTED_PROTOCOL and self.curl.getinfo(pycurl.REQUEST_SIZE):
            code = NO_HTTP  # libcurl has the same number for an address that it cannot ask, and for such an answer
        return explain_curl_error(code, what)

    def close(self) -> None:
        """Close the handle."""
        self.curl.close()
        self._close_opened()

    def _close_opened(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _find_way(self, url: str) -> Way:
        """Return the way to an origin, from a cache: finding it takes longer than fetching a small file."""
        try:
            origin = find_origin(url)
        except ValueError:
            raise SourceError(NO_ADDRESS, permanent=True) from None
        way = self._ways.get(origin)
        if way is None or AMBIGUOUS.search(url):
            way = self._ways[origin] = find_way(self.access, url)
        return way

    def _open_socket(self, purpose: int, target: tuple[int, int, int, tuple[str, int]]) -> object:
        """Open a socket, or refuse a forbidden address before the first packet: even its answer must not leak."""
        family, kind, protocol, address = target
        if self._way.proxy is None:
            self.refusal = find_refusal(self.access, self.host, self._way.port, str(address[0]))
            if self.refusal:
                return pycurl.SOCKET_BAD
        self._close_opened()
        try:
            self._opened = socket.socket(family, kind, protocol)
        except OSError as exc:  # also for an address family that this machine lacks
            self.lacks_descriptor = exc.errno in SHORT
            return pycurl.SOCKET_BAD
        return self._opened  # pycurl duplicates it

    def _check_connected(self, address: str, _local: str, _port: int, _local_port: int) -> int:
        """Check the address again before each request: libcurl may reuse an older connection."""
        self._close_opened()
        self.refusal = None if self._way.proxy else find_refusal(self.access, self.host, self._way.port, address)
        return int(pycurl.PREREQFUNC_ABORT if self.refusal else pycurl.PREREQFUNC_OK)


def _show(credentials: Credentials, curl: pycurl.Curl) -> None:
    """Make a handle's next requests carry these credentials, and no earlier ones."""
    for option in (pycurl.USERNAME, pycurl.PASSWORD, pycurl.SSLCERT_BLOB, pycurl.SSLKEY_BLOB):
        curl.unsetopt(option)
    curl.setopt(pycurl.HTTPAUTH, pycurl.HTTPAUTH_BASIC)  # ends signing: the signing option itself cannot be unset
    if credentials.signing is not None:
        options = (pycurl.AWS_SIGV4, pycurl.USERNAME, pycurl.PASSWORD)
        for option, value in zip(options, credentials.signing, strict=True):
            curl.setopt(option, value)
    if credentials.certificate is not None:
        curl.setopt(pycurl.SSLCERT_BLOB, credentials.certificate)
        curl.setopt(pycurl.SSLKEY_BLOB, credentials.certificate)
