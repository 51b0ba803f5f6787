"""Which addresses a provider may lead us to: the public Internet, and its own host if allowed.

Judged is the address a socket connects to, never the name: names can be made to resolve to anything.
"""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from downloads_app.sources import Access

_NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052: an IPv4 address in the last 32 bits, which a gateway translates."""


@lru_cache(maxsize=4096)
def is_public(address: str) -> bool:
    """Whether `address` (IPv4 or IPv6, with or without a zone) is on the public Internet.

    An IPv6 address that stands for an IPv4 one (mapped, NAT64, 6to4) is judged by the IPv4 one. What
    cannot be read is not public.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    inner = _inner_address(parsed)
    if inner is not None:
        return is_public(str(inner))
    return parsed.is_global and not (
        parsed.is_multicast or parsed.is_reserved or parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified
    )


def find_refusal(access: Access, host: str, address: str) -> str | None:
    """Say why a request for `host` may not go to `address`; None where it may.

    A private address is reached only at the provider's own host (on any port, also by a redirect back
    to it), and only where the provider's admin allowed that.
    """
    if is_public(address):
        return None
    if not is_same_host(host, urlsplit(access.url).hostname or ""):
        return f"{host} is at the private address {address}, where only the provider's own host may be"
    if not access.allow_private_network:
        return f"{host} is at the private address {address}, which this provider is not allowed to use"
    return None


def is_same_host(one: str, other: str) -> bool:
    """Whether two host names of URLs are the same: letter case and a closing dot do not count."""
    return one.lower().rstrip(".") == other.lower().rstrip(".") != ""


def _inner_address(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
