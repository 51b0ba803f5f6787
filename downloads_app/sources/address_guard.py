"""Which addresses a provider may lead us to: the public Internet, its own host if allowed, others by name.

The guard checks the address that a socket connects to, never the name: a name can resolve to any address.
"""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from downloads_app.sources import Access

_NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are an IPv4 address; a gateway translates them."""
_UNICAST = IPv6Network("2000::/3")
"""The only part of IPv6 that IANA has allocated for the public Internet."""
# IANA's special-purpose registries (RFC 6890). Python's `is_global` calls some of these entries public.
_SPECIAL_IPV4 = (
    IPv4Network("0.0.0.0/8"),
    IPv4Network("10.0.0.0/8"),
    IPv4Network("100.64.0.0/10"),
    IPv4Network("127.0.0.0/8"),
    IPv4Network("169.254.0.0/16"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.0.0.0/24"),  # the IETF's protocols, like 2001::/23 below
    IPv4Network("192.0.2.0/24"),
    IPv4Network("192.31.196.0/24"),  # AS112, which answers for private names; 192.175.48.0/24 and 2620:4f:8000::/48 too
    IPv4Network("192.52.193.0/24"),
    IPv4Network("192.88.99.0/24"),  # 6to4's relay, retired by RFC 7526
    IPv4Network("192.168.0.0/16"),
    IPv4Network("192.175.48.0/24"),
    IPv4Network("198.18.0.0/15"),
    IPv4Network("198.51.100.0/24"),
    IPv4Network("203.0.113.0/24"),
    IPv4Network("224.0.0.0/3"),  # multicast, and what is reserved
)
_SPECIAL_IPV6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20")))


@lru_cache(maxsize=4096)
def is_public(address: str) -> bool:
    """Whether `address` (IPv4 or IPv6, with or without a zone) is on the public Internet.

    An IPv6 address may contain an IPv4 one (mapped, NAT64, 6to4): then the IPv4 address decides. A text that is no
    address is not public.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    inner = _inner_address(parsed)
    if inner is not None:
        return is_public(str(inner))
    if isinstance(parsed, IPv4Address):
        return not any(parsed in network for network in _SPECIAL_IPV4)
    return parsed in _UNICAST and not any(parsed in network for network in _SPECIAL_IPV6)


class Refusal(NamedTuple):
    """Why an address may not be reached, and the option by which an admin may allow it."""

    message: str
    option: str


def find_refusal(access: Access, host: str, port: int | None, address: str) -> Refusal | None:
    """Return why a request for `host` and `port` may not go to `address`; None if it may.

    A private address is allowed in two cases: for the provider's own host (any port, also after a redirect back to
    it) if its admin allowed that, and for the hosts that the admin has named.
    """
    if is_public(address) or any(is_named(host, port, allowed) for allowed in access.allow_hosts):
        return None
    if not is_same_host(host, _host_of(access.url)):
        return _refuse(host, address, f"--allow-host {f'[{host}]' if ':' in host else host}")
    return None if access.allow_private_network else _refuse(host, address, "--allow-private-network")


def _refuse(host: str, address: str, option: str) -> Refusal:
    """Name the command too, for a provider whose name is not known here."""
    where = f"{host} is a private address" if host == address else f"{host} is at the private address {address}"
    return Refusal(f"{where}: an admin may allow that (providers change NAME {option})", option)


@lru_cache(maxsize=64)
def _host_of(url: str) -> str:
    """Return the host of a provider's address, with a cache: each request asks for it."""
    return urlsplit(url).hostname or ""


def is_named(host: str, port: int | None, allowed: str) -> bool:
    """Whether `allowed` (`host` or `host:port`; IPv6 in brackets) names this host and port."""
    parts = urlsplit(f"//{allowed}")
    return is_same_host(host, parts.hostname or "") and parts.port in (None, port)


def is_same_host(one: str, other: str) -> bool:
    """Whether two host names of URLs are the same. Letter case and a dot at the end are ignored."""
    return one.lower().rstrip(".") == other.lower().rstrip(".") != ""


def _inner_address(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
