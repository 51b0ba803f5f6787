"""Connections on which nobody has signed in, counted by the address that they come from."""

import logging

import pytest

from downloads_app.web.gunicorn.strangers import Strangers
from downloads_app.web.proxies import Networks


def environ_of(address: str, port: int) -> dict[str, str]:
    return {"REMOTE_ADDR": address, "REMOTE_PORT": str(port)}


def test_an_address_has_so_many_and_others_have_theirs() -> None:
    strangers = Strangers(2)
    assert [strangers.take(("192.0.2.1", port)) for port in (1, 2, 3)] == [True, True, False]
    assert strangers.take(("192.0.2.2", 1))
    strangers.forget(("192.0.2.1", 1))
    assert strangers.take(("192.0.2.1", 3))


def test_a_sign_in_makes_room_and_the_end_of_its_connection_none_beside() -> None:
    strangers = Strangers(1)
    assert strangers.take(("192.0.2.1", 1))
    strangers.recognize(environ_of("192.0.2.1", 1))
    assert strangers.take(("192.0.2.1", 2))
    strangers.forget(("192.0.2.1", 1))
    strangers.recognize(environ_of("192.0.2.1", 9))
    strangers.recognize({})
    assert not strangers.take(("192.0.2.1", 3))


def test_a_network_of_64_bits_is_one_place() -> None:
    strangers = Strangers(1)
    assert strangers.take(("2001:db8:0:1::1", 1, 0, 0))
    assert not strangers.take(("2001:db8:0:1:ffff::2", 2, 0, 0))
    assert strangers.take(("2001:db8:0:2::1", 1, 0, 0))
    assert strangers.take(("::ffff:192.0.2.1", 1, 0, 0))
    assert not strangers.take(("192.0.2.1", 2))


@pytest.mark.parametrize("peer", [("192.0.2.1", 1), ("::ffff:192.0.2.1", 1, 0, 0), "", b""])
def test_a_trusted_proxy_and_a_unix_socket_do_not_count(peer: object) -> None:
    strangers = Strangers(1, Networks(["192.0.2.0/24"]))
    assert all(strangers.take(peer) for _ in range(3))
    strangers.forget(peer)


def test_what_is_refused_is_a_line_of_the_log_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    strangers = Strangers(1)
    with caplog.at_level(logging.WARNING):
        for port in range(9):
            strangers.take(("192.0.2.1", port))
    assert caplog.messages == ["connections from 192.0.2.1 are closed: 1 are open on which nobody has signed in"]
