"""From where a client comes, as far as its address tells."""

from ipaddress import IPv6Address, IPv6Network, ip_address


def place_of(address: str | None) -> str:
    """Return the address, or its /64 network for IPv6: one client has at least a /64, and can change its address."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return "unknown"
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed) >> 64 << 64, 64)))
