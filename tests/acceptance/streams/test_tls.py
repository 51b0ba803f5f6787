"""Streams over TLS that gunicorn itself speaks: the pacer cannot send there, and all else holds."""

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.accounts import tokens
from tests.support.certificates import write_certificate
from tests.support.crowd import PATH
from tests.support.rows import add_download
from tests.support.server import Server, wait_until

INTERVAL = 0.4
SEND_TIMEOUT = 2
DRAIN = 2


@pytest.fixture
def server(make_server: Callable[..., Server], tmp_path: Path) -> Server:
    write_certificate(tmp_path)
    return make_server(
        certificate=tmp_path / "certificate.pem",
        arguments=("--graceful-timeout", "600"),  # so that nobody but we ends the streams
        stream_interval_seconds=INTERVAL,
        stream_send_timeout_seconds=SEND_TIMEOUT,
        stream_drain_seconds=DRAIN,
    )


def subscribe(server: Server, user: User) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection = context.wrap_socket(plain)
    raw = tokens.issue_access(current_settings(), user)
    connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {raw}\r\n\r\n".encode())
    return connection


def read_events(connection: ssl.SSLSocket, number: int) -> bytes:
    received = b""
    while received.count(b"event: update") < number:
        piece = connection.recv(65536)
        assert piece, received[-200:]
        received += piece
    return received


def test_events_come_and_a_reader_that_stops_is_dropped_and_holds_up_no_drain(
    alice: User, bob: User, server: Server
) -> None:
    add_download(alice)
    for number in range(40):
        add_download(bob, current_file=f"{number}/" + "x" * 8000)
    with subscribe(server, alice) as reader, subscribe(server, bob) as dropped:
        assert b"text/event-stream" in read_events(reader, 3)
        read_events(dropped, 1)
        wait_until(lambda: f"user={bob.id}" in server.log(), what="the one who has stopped")
        assert f"user={alice.id}" not in server.log()
        with subscribe(server, bob) as stopped:
            read_events(stopped, 1)
            read_events(reader, 3)
            assert server.stop(60) == 0
            received = b""
            while piece := reader.recv(65536):
                received += piece
            assert b"retry: " in received
    assert "SIGKILL" not in server.log()
