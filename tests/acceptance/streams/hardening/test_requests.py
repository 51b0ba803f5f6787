"""What an abuser may try with requests; each test names one abuse."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests
from werkzeug.http import HTTP_STATUS_CODES

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.accounts import tokens
from tests.acceptance.streams.hardening.abuse import PATH, exchange, get_request, receive
from tests.support.server import Server, wait_until
from tests.support.sse import StreamClient

OpenStream = Callable[..., StreamClient]


def test_64_kib_of_headers(server: Server, victim: User, open_stream: OpenStream) -> None:
    status, received = exchange(server, get_request(victim, b"X-Large: " + b"a" * 65536))
    assert status in (0, 400, 431)
    assert b"event:" not in received
    status, received = exchange(server, get_request(victim, *[b"X-Many-%d: %s" % (n, b"a" * 500) for n in range(128)]))
    assert status in (0, 400, 431)
    assert b"event:" not in received
    assert open_stream(server, victim).wait_events(1, "update")


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET / HTTP/9.9", 400),
        (b"G<script>T / HTTP/1.1", 400),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1", 414),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: x", 501),
    ],
)
def test_what_is_no_http_is_refused_in_the_shape_of_all_errors(
    server: Server, request_line: bytes, status: int
) -> None:
    got, received = exchange(server, request_line + b"\r\nHost: localhost\r\n\r\n")
    assert got == status
    head, _, body = received.partition(b"\r\n\r\n")
    told = json.loads(body)
    assert (told["code"], told["status"]) == (status, HTTP_STATUS_CODES[status])
    assert f"X-Request-Id: {told['request_id']}\r\n".encode() in head
    assert b"Content-Type: application/json" in head
    line = next(line for line in server.log().splitlines() if told["request_id"] in line)
    assert "Invalid request from ip=127.0.0.1" in line


def test_a_request_line_of_4_kib(server: Server) -> None:
    for size, statuses in ((4_000, (401,)), (4_200, (0, 400, 414))):
        line = b"GET /api/downloads?search=" + b"a" * (size - 40)
        assert exchange(server, line + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")[0] in statuses


@pytest.mark.parametrize("value", [b"complete-1\rX: y", b"complete-1\nevent: update", b"complete-1\x00"])
def test_cr_lf_or_nul_in_last_event_id(server: Server, victim: User, value: bytes) -> None:
    """Refused, or at least never echoed into the answer's head or body."""
    _, received = exchange(server, get_request(victim, b"Last-Event-ID: " + value))
    head = received.partition(b"\r\n\r\n")[0]
    assert b"complete-1" not in received
    assert b"\nX: y" not in head
    assert received.startswith((b"HTTP/1.1 400", b"HTTP/1.1 200"))


def test_a_line_after_last_event_id_is_another_header(server: Server, victim: User) -> None:
    status, received = exchange(server, get_request(victim, b"Last-Event-ID: complete-1\r\nX-Injected: complete-2"))
    assert status == 200
    assert b"njected" not in received
    assert b"complete" not in received.partition(b"data: ")[0]


def test_a_last_event_id_that_claims_an_end_stops_nobody(server: Server, victim: User, open_stream: OpenStream) -> None:
    for claimed in ("complete-0", "complete-" + "9" * 4000, "complete-", "error-1"):
        stream = open_stream(server, victim, headers={"Last-Event-ID": claimed})
        assert stream.wait_events(1)[0].name == "update"
        stream.close()


def test_a_request_split_over_a_minute(server: Server, victim: User, open_stream: OpenStream) -> None:
    """The whole head must be there within gunicorn's `keepalive` (here 1 s, by default 5); nobody waits meanwhile."""
    stream = open_stream(server, victim)
    stream.wait_events(1)
    slow = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(100)]
    request = get_request(victim)
    for number in range(12):
        for connection in slow:
            send_or_not(connection, request[number : number + 1])
        assert requests.get(f"{server.url}/healthz", timeout=30).ok
        stream.wait_events(len(stream.events) + 1)
    for connection in slow:
        assert receive(connection) == b""
        connection.close()


def send_or_not(connection: socket.socket, piece: bytes) -> None:
    try:
        connection.sendall(piece)
    except (BrokenPipeError, ConnectionResetError):
        return  # that it is closed is what the test is about


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
def test_another_method_than_get(server: Server, victim: User, method: str) -> None:
    headers = {"Authorization": f"Bearer {tokens.issue_access(current_settings(), victim)}"}
    answer = requests.request(method, server.url + PATH, headers=headers, data=b"x" * 100, timeout=30)
    assert answer.status_code == 405
    assert answer.json()["code"] == 405
    assert "GET" in answer.headers["Allow"]


def test_a_body_on_get(server: Server, victim: User) -> None:
    """It is passed over: it neither delays the first event nor becomes a request of its own."""
    smuggled = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for lines, body in (
        ([b"Content-Length: %d" % len(smuggled)], smuggled),
        ([b"Content-Length: 1000000"], b"never sent in full"),
        ([b"Transfer-Encoding: chunked"], b"%x\r\n%b\r\n0\r\n\r\n" % (len(smuggled), smuggled)),
        ([b"Transfer-Encoding: chunked"], b"5\r\nhel"),
    ):
        status, received = exchange(server, get_request(victim, *lines) + body)
        assert status == 200, received
        assert received.count(b"HTTP/1.1") == 1
        assert b"event: update" in received


def test_a_body_of_two_lengths(server: Server, victim: User) -> None:
    for lines in (
        [b"Content-Length: 5", b"Transfer-Encoding: chunked"],
        [b"Content-Length: 5", b"Content-Length: 6"],
        [b"Content-Length: -1"],
        [b"Transfer-Encoding: chunked, identity"],
    ):
        status, received = exchange(server, get_request(victim, *lines) + b"0\r\n\r\n")
        assert status in (400, 501), received
        assert b"event:" not in received


@contextmanager
def pipelined(server: Server, request: bytes) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(request)
        yield connection


def test_a_second_request_sent_behind_the_first(server: Server, victim: User, bob: User) -> None:
    """It does not get into the first one's stream."""
    with pipelined(server, get_request(victim) + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") as connection:
        received = b""
        while received.count(b"event: update") < 4:
            received += connection.recv(65536)
        assert received.count(b"HTTP/1.1") == 1


def test_the_log_of_all_this_holds_no_token(server: Server, victim: User, open_stream: OpenStream) -> None:
    stream = open_stream(server, victim)
    stream.wait_events(1)
    stream.close()
    wait_until(lambda: f"user={victim.id}" in server.log(), what="the line about the stream's end")
    assert "eyJ" not in server.log()
