"""Which addresses are private in any disguise, and who may reach them."""

import pytest

from downloads_app.sources import Access
from downloads_app.sources.address_guard import find_refusal, is_public, is_same_host

PRIVATE = [
    "127.0.0.1",
    "127.8.9.10",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "2001:db8::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:0:7f00:1::",
    "0.1.2.3",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.9",
    "192.0.0.10",
    "192.0.0.170",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.88.99.2",
    "192.175.48.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "239.255.255.255",
    "64:ff9b::c058:6301",
    "2002:c058:6301::",
    "100::1",
    "100:0:0:1::1",
    "2001:1::1",
    "2001:2::1",
    "2001:3::1",
    "2001:4:112::1",
    "2001:10::1",
    "2001:20::1",
    "2001:30::1",
    "2620:4f:8000::1",
    "3fff::1",
    "3fff:fff::1",
    "4000::1",
    "5f00::1",
    "fec0::1",
    "feff::1",
    "not an address",
    "",
]
PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "100.128.0.1",
    "172.32.0.1",
    "192.0.1.1",
    "192.88.98.1",
    "198.20.0.1",
    "223.255.255.255",
    "2001:200::1",
    "2606:4700:4700::1111",
    "2a00:1450:4001:800::200e",
    "3ffe::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_without_permission_no_private_address_is_reached(address: str) -> None:
    assert find_refusal(Access("https://hub.example"), "hub.example", 443, address)


def test_with_permission_only_the_providers_own_host_may_be_private() -> None:
    access = Access("https://hub.example:8443/api", allow_private_network=True)
    assert find_refusal(access, "hub.example", 443, "10.0.0.1") is None
    assert find_refusal(access, "HUB.example.", 443, "10.0.0.1") is None
    assert find_refusal(access, "other.example", 443, "10.0.0.1")
    assert find_refusal(access, "cdn.hub.example", 443, "127.0.0.1")


def test_public_addresses_need_no_permission() -> None:
    assert find_refusal(Access("https://hub.example"), "cdn.example", 443, "8.8.8.8") is None


def test_no_host_is_not_the_same_host() -> None:
    assert not is_same_host("", "")


@pytest.mark.parametrize(
    ("host", "address", "option"),
    [
        ("hub.example", "10.0.0.1", "--allow-private-network"),
        ("cdn.example", "10.0.0.1", "--allow-host cdn.example"),
        ("fd00::1", "fd00::1", "--allow-host [fd00::1]"),
    ],
)
def test_a_refusal_names_the_command_that_allows_it(host: str, address: str, option: str) -> None:
    refusal = find_refusal(Access("https://hub.example"), host, 443, address)
    assert refusal is not None
    assert refusal.option == option
    assert refusal.message.startswith(
        "fd00::1 is a private address" if host == address else f"{host} is at the private address {address}"
    )
    assert refusal.message.endswith(f": an admin may allow that (providers change NAME {option})")
    allowed = (option.removeprefix("--allow-host "),) if host != "hub.example" else ()
    access = Access("https://hub.example", allow_private_network=not allowed, allow_hosts=allowed)
    assert find_refusal(access, host, 443, address) is None
