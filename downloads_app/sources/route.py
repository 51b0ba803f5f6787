"""The way to a host: which proxy, which certificate authorities, whether the provider's secrets go along."""

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

from downloads_app.errors import SourceError
from downloads_app.sources import Access
from downloads_app.sources.address_guard import find_refusal
from downloads_app.sources.credentials import NOTHING, Credentials, find_credentials

_UP_TO_PATH = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
AMBIGUOUS = re.compile(r"[\\\s\x00-\x1f\x7f]")
"""What URL parsers disagree about: libcurl must not go to another host than the one judged here."""
NO_ADDRESS = "What a redirect or a listing names is no address"
Origin = tuple[str, str, int | None]
"""Scheme, host and port: what credentials are bound to. Compared as parsed, never as the beginning of a text."""
_PROXY_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Way:
    """How an origin is reached: its host and port, the proxy if there is one, what is shown there."""

    host: str
    port: int | None
    proxy: str | None = field(repr=False)
    credentials: Credentials


def find_way(access: Access, url: str) -> Way:
    """Find the way to the origin of `url`; raises a permanent SourceError where it may not be asked at all."""
    try:
        parts = urlsplit(url)
        origin = find_origin(url)
    except ValueError:
        raise SourceError(NO_ADDRESS, permanent=True) from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or AMBIGUOUS.search(url):
        raise SourceError(f"{shorten_url(url)} is not an http or https address", permanent=True)
    own = find_origin(access.url)
    if own[0] == "https" and parts.scheme == "http":
        raise SourceError(
            f"{shorten_url(url)} is not encrypted, and the provider's own address is https", permanent=True
        )
    proxy = find_proxy(access, parts)
    refusal = find_refusal_behind_proxy(access, parts.hostname, origin[2]) if proxy else None
    if refusal:
        raise SourceError(refusal, permanent=True)
    return Way(parts.hostname, origin[2], proxy, find_credentials(access) if origin == own else NOTHING)


def find_origin(url: str) -> Origin:
    """Return the origin of `url`; letter case, a closing dot and the usual port do not count. Raises ValueError."""
    authority = _UP_TO_PATH.match(url)
    return _parse_origin(authority[0] if authority else url)


@lru_cache(maxsize=256)
def _parse_origin(url: str) -> Origin:
    """Parse an address without its path once: parsing takes longer than asking for a small file."""
    parts = urlsplit(url)
    port = _DEFAULT_PORTS.get(parts.scheme) if parts.port is None else parts.port
    return parts.scheme, (parts.hostname or "").removesuffix("."), port


def is_same_origin(one: str, other: str) -> bool:
    """Whether two addresses are of the same origin; what is no address is of none."""
    try:
        return find_origin(one) == find_origin(other)
    except ValueError:
        return False


def shorten_url(url: str) -> str:
    """Return `url` as it may be shown: signatures live in the query, passwords before the host."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{quote(parts.path, safe='/%:@')}"


def find_proxy(access: Access, target: SplitResult) -> str | None:
    """Return the outgoing proxy for `target`: the provider's own, else by `HTTP(S)_PROXY` and `NO_PROXY`.

    Raises a permanent SourceError for one that cannot be used, without its address.
    """
    proxy = access.proxy_url
    if not proxy and not proxy_bypass(target.hostname or ""):
        proxies = getproxies()
        proxy = proxies.get(target.scheme) or proxies.get("all")
    if not proxy:
        return None
    fault = find_proxy_fault(proxy if "://" in proxy else f"http://{proxy}")  # the variables may leave it out
    if fault:
        raise SourceError(f"The outgoing proxy's address cannot be used: {fault}", permanent=True)
    return proxy


def find_proxy_fault(url: str) -> str | None:
    """Say why `url` cannot be a proxy's address; None where it can. Never repeats it: it may hold a password."""
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


def find_refusal_behind_proxy(access: Access, host: str, port: int | None) -> str | None:
    """Say why `host` may not be asked for through a proxy; None where it may.

    The socket's address is the proxy's, which says nothing: judged is what the name means here, if it
    means anything here. What only the proxy can resolve is left to the proxy's own rules.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    refusals = (find_refusal(access, host, port, str(entry[4][0])) for entry in found)
    return next(filter(None, refusals), None)


def find_ca_file(access: Access) -> str:
    """Return the PEM bundle to trust: the provider's, the environment's, the system's, else certifi's.

    libcurl's own default is of no use: pycurl's wheels carry the path of the system they were built on.
    """
    named = access.ca_file or os.environ.get("CURL_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    if named:
        return named
    system = ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"
    return system if Path(system).exists() else certifi.where()
