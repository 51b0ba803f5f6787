"""Checks of a provider's fields. All raise InvalidInput."""

import re
from urllib.parse import urlsplit

from downloads_app.errors import InvalidInput
from downloads_app.sources import registry
from downloads_app.sources.route import find_proxy_fault

KINDS = tuple(registry.KINDS)
MAX_CONNECTIONS = 1000
MAX_URL_LENGTH = 2000
_REGION = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.IGNORECASE)


def check_kind(kind: str) -> str:
    """Return the kind, if there is a source for it."""
    if kind not in KINDS:
        raise InvalidInput(f"{kind!r} is not a kind: {' or '.join(KINDS)}", {"kind": "unknown"})
    return kind


def needs_url(kind: str) -> bool:
    """Whether a provider of `kind` has an address of its own; else an admin lists the addresses."""
    return not registry.has_list(kind)


def check_url(url: str) -> str:
    """Return a web address or an empty text. It may contain no password, because everybody sees the address."""
    fault = None
    if not url:
        return url
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        fault = "it is not an address"
    else:
        if parts.scheme not in ("http", "https") or not parts.hostname:
            fault = "it does not begin with http:// or https:// and a host"
        elif parts.username is not None or parts.password is not None:
            fault = "it holds a user name or password; give a token instead"
        elif parts.query or parts.fragment:
            fault = "it has a query or a fragment"
        elif len(url) > MAX_URL_LENGTH or any(c.isspace() or not c.isprintable() for c in url):
            fault = "it is too long or has characters that no address has"
    if fault:
        raise InvalidInput(f"This cannot be a provider's URL: {fault}", {"url": fault})
    return url


def check_proxy_url(url: str) -> str:
    """Return the address of an outgoing proxy, which may hold a password; never repeats it."""
    fault = "it is too long" if len(url) > MAX_URL_LENGTH else find_proxy_fault(url)
    if fault:
        raise InvalidInput(f"This cannot be a proxy's URL: {fault}", {"proxy_url": fault})
    return url


def check_region(region: str | None) -> str | None:
    """Return the region of a store as its signatures name it; the empty one is none."""
    if region and not _REGION.fullmatch(region):
        raise InvalidInput(f"{region[:100]!r} is not the name of a region", {"region": "not a region"})
    return region or None


def check_connections(value: int | None) -> int | None:
    """Return a limit of connections; None is no limit."""
    if value is not None and not 1 <= value <= MAX_CONNECTIONS:
        raise InvalidInput(f"max_connections is from 1 to {MAX_CONNECTIONS}", {"max_connections": "out of range"})
    return value
