"""The way to a host: which proxy, which certificate authorities, and whether the provider's secrets are sent."""

import os
import re
import socket
import ssl
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import SplitResult, quote, urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi

from downloads_app.errors import Cause, SourceError
from downloads_app.sources import Access
from downloads_app.sources.address_guard import Refusal, find_refusal
from downloads_app.sources.credentials import NOTHING, Credentials, find_credentials

_UP_TO_PATH = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
AMBIGUOUS = re.compile(r"[\\\s\x00-\x1f\x7f]")
"""Characters that URL parsers treat differently: libcurl must not go to another host than the one checked here."""
NO_ADDRESS = "What a redirect or a listing names is no address"
Origin = tuple[str, str, int | None]
"""Scheme, host and port. Credentials belong to an origin. Origins are compared parsed, never as text prefixes."""
_PROXY_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Way:
    """How to reach an origin: its host and port, the proxy if there is one, the credentials to send."""

    host: str
    port: int | None
    proxy: str | None = field(repr=False)
    credentials: Credentials
    where: str = ""
    """The host, and the port if the address has one, for messages."""


def find_way(access: Access, url: str) -> Way:
    """Find the way to the origin of `url`. Raises a permanent SourceError if that address may not be used."""
    try:
        parts = urlsplit(url)
        origin = find_origin(url)
    except ValueError:
        raise SourceError(NO_ADDRESS, permanent=True) from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or AMBIGUOUS.search(url):
        text = f"{shorten_url(url)} is not an http or https address"
        raise SourceError(text, permanent=True, cause=Cause.ADDRESS)
    own = find_origin(access.url)
    if own[0] == "https" and parts.scheme == "http":
        text = f"{shorten_url(url)} is not encrypted, and the provider's own address is https"
        raise SourceError(text, permanent=True, cause=Cause.ADDRESS)
    proxy = find_proxy(access, parts)
    refusal = find_refusal_behind_proxy(access, parts.hostname, origin[2]) if proxy else None
    if refusal:
        raise SourceError(refusal.message, permanent=True, cause=Cause.ADDRESS, option=refusal.option)
    credentials, where = find_credentials(access) if origin == own else NOTHING, parts.netloc.rpartition("@")[2]
    return Way(parts.hostname, origin[2], proxy, credentials, where)


def find_origin(url: str) -> Origin:
    """Return the origin of `url`. Letter case, a dot at the host's end and the default port do not matter.

    Raises ValueError.
    """
    authority = _UP_TO_PATH.match(url)
    return _parse_origin(authority[0] if authority else url)


@lru_cache(maxsize=256)
def _parse_origin(url: str) -> Origin:
    """Parse an address without its path, with a cache: parsing takes longer than requesting a small file."""
    parts = urlsplit(url)
    port = _DEFAULT_PORTS.get(parts.scheme) if parts.port is None else parts.port
    return parts.scheme, (parts.hostname or "").removesuffix("."), port


def is_same_origin(one: str, other: str) -> bool:
    """Whether two addresses have the same origin. False if one of them is no address."""
    try:
        return find_origin(one) == find_origin(other)
    except ValueError:
        return False


def shorten_url(url: str) -> str:
    """Return `url` without query and user part, so it can be shown: they may hold signatures and passwords."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{quote(parts.path, safe='/%:@')}"


def find_proxy(access: Access, target: SplitResult) -> str | None:
    """Return the outgoing proxy for `target`: the provider's own, else that of `HTTP(S)_PROXY` and `NO_PROXY`.

    Raises a permanent SourceError, without the address, if the proxy's address cannot be used.
    """
    proxy = access.proxy_url
    if not proxy and not proxy_bypass(target.hostname or ""):
        proxies = getproxies()
        proxy = proxies.get(target.scheme) or proxies.get("all")
    if not proxy:
        return None
    fault = find_proxy_fault(proxy if "://" in proxy else f"http://{proxy}")  # the variables may omit the scheme
    if fault:
        raise SourceError(f"The outgoing proxy's address cannot be used: {fault}", permanent=True)
    return proxy


def find_proxy_fault(url: str) -> str | None:
    """Return why `url` cannot be a proxy's address, or None. The text never repeats it: it may hold a password."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "it is not an address; in a name or password some characters must be percent-encoded"
    if parts.scheme not in _PROXY_SCHEMES or not parts.hostname:
        return "it does not begin with http://, https:// or socks5:// and a host"
    if AMBIGUOUS.search(url) or not url.isascii() or url.count("@") > 1:
        return "it has characters that must be percent-encoded"
    if parts.path not in ("", "/") or "?" in url or "#" in url:
        return "it has more than a host and a port"
    return None


def find_refusal_behind_proxy(access: Access, host: str, port: int | None) -> Refusal | None:
    """Return why `host` may not be requested through a proxy; None if it may.

    The socket's address is the proxy's, so it cannot be checked. Instead we check the addresses that the name has
    here. If only the proxy can resolve the name, the proxy's own rules decide.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    refusals = (find_refusal(access, host, port, str(entry[4][0])) for entry in found)
    return next(filter(None, refusals), None)


def find_ca_file(access: Access) -> str:
    """Return the path of the PEM bundle to trust: the provider's, the environment's, the system's, else certifi's.

    libcurl's own default is useless: pycurl's wheels contain the path of the system on which they were built.
    """
    named = access.ca_file or os.environ.get("CURL_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    if named:
        return named
    system = ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"
    return system if Path(system).exists() else certifi.where()
