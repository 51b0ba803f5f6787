"""What an abuser may try with bodies; each test names one abuse."""

import json
import re
import select
import socket
import time
from collections.abc import Callable

import pytest
import requests

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.accounts import tokens
from tests.acceptance.streams.hardening.abuse import exchange, receive
from tests.support.server import Server, wait_until

LOGIN = b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNKED = LOGIN + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "request_bytes",
    [
        CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"5\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"2\r\n{}xx0\r\n\r\n",
        CHUNKED + b"2\r\n{}\r\n0\r\nX:y\n\r\n",
        CHUNKED + b"-1\r\n{}\r\n0\r\n\r\n",
    ],
    ids=["no number", "too short", "no end", "a bare line feed", "negative"],
)
def test_a_broken_chunk(server: Server, request_bytes: bytes) -> None:
    before = len(server.log())
    status, received = exchange(server, request_bytes)
    assert status == 400, received
    assert b'"code":400' in received.replace(b" ", b"")
    assert "Traceback" not in server.log()[before:]
    assert "POST /api/auth/login: 400 " in server.log()[before:]


def test_a_body_that_ends_before_its_length(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(LOGIN + b"Content-Length: 100\r\n\r\n{")
        connection.shutdown(socket.SHUT_WR)
        assert receive(connection).startswith(b"HTTP/1.1 400")


def test_bodies_that_never_end(make_server: Callable[..., Server], alice: User) -> None:
    """Some send a byte now and then, some none: the place is free again after REQUEST_BODY_SECONDS (here 1 s)."""
    server = make_server(workers=1, stream_max=1, arguments=("--worker-connections", "12"), request_body_seconds=1)
    slow = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(12)]
    for connection in slow:
        connection.sendall(LOGIN + b"Content-Length: 1000\r\n\r\n")
    trickling = slow[:6]
    while trickling:
        for connection in trickling:
            _trickle(connection)
        answered, _, _ = select.select(trickling, [], [], 0.1)
        trickling = [connection for connection in trickling if connection not in answered]
    assert requests.get(f"{server.url}/healthz", timeout=10).ok
    assert all(b"408" in receive(connection) for connection in slow)
    assert "Traceback" not in server.log()
    for connection in slow:
        connection.close()


def _trickle(connection: socket.socket) -> None:
    try:
        connection.sendall(b" ")
    except (BrokenPipeError, ConnectionResetError):
        return  # it has been refused, which is what the test is about


def test_what_fails_in_a_thread_is_one_line_of_the_log(server: Server, admin: User) -> None:
    """A short password is refused by the thread that hashes, a missing repository by the one that asks its provider."""
    signed_in = {"Authorization": f"Bearer {tokens.issue_access(current_settings(), admin)}"}
    before = len(server.log())
    short = requests.post(
        f"{server.url}/api/users", json={"username": "eve", "password": "x"}, headers=signed_in, timeout=30
    )
    assert short.status_code == 422
    provider = {"name": f"p{time.time_ns()}", "kind": "http", "url": "http://127.0.0.1:9/"}
    added = requests.post(f"{server.url}/api/providers", json=provider, headers=signed_in, timeout=30).json()
    wanted = {"provider_id": added["id"], "repository": "org/missing"}
    plan = requests.post(f"{server.url}/api/downloads/plan", json=wanted, headers=signed_in, timeout=60)
    assert plan.status_code == 424
    requests.delete(f"{server.url}/api/providers/{added['id']}", headers=signed_in, timeout=30)
    wait_until(lambda: "POST /api/users: 422" in server.log()[before:], 10, "the log's line")
    assert not re.search(r"Traceback|failed with", server.log()[before:])
    assert json.dumps(short.json()).count("password")
