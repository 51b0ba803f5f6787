"""What an abuser may try with connections before anybody has signed in; each test names one abuse."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

from downloads_app.models import User
from tests.acceptance.streams.hardening.abuse import receive
from tests.support.server import Server, wait_until
from tests.support.sse import StreamClient

MOST = 4
ANSWERS = 400
ESTABLISHED = "01"
GET = b"GET /api/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"


@contextmanager
def silent(server: Server, how_many: int) -> Iterator[list[socket.socket]]:
    """Open connections on which nothing is sent."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))
            for _ in range(how_many)
        ]


def ask_from(server: Server, address: str) -> bytes:
    """Return what the server answers a client at another address of this machine."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30, source_address=(address, 0))
    with connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return receive(connection)


def is_served(server: Server) -> bool:
    try:
        return requests.get(f"{server.url}/healthz", timeout=30).ok
    except requests.ConnectionError:
        return False


def test_many_silent_connections_of_one_address(
    make_server: Callable[..., Server], victim: User, open_stream: Callable[..., StreamClient]
) -> None:
    """One too many is closed. Streams do not count, other addresses have their own, and silence ends by itself."""
    server = make_server(max_connections_per_address=MOST, arguments=("--keep-alive", "1"))
    streams = [open_stream(server, victim) for _ in range(2 * MOST)]
    for stream in streams:
        stream.wait_events(1, "update")
    with silent(server, MOST) as connections:
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as surplus:
            assert receive(surplus) == b""
        assert ask_from(server, "127.0.0.2").startswith(b"HTTP/1.1 200")
        assert [receive(connection) for connection in connections] == [b""] * MOST
    assert is_served(server)
    assert "connections from 127.0.0.1 are closed" in server.log()


def test_heads_that_never_end(make_server: Callable[..., Server]) -> None:
    server = make_server(max_connections_per_address=MOST, arguments=("--keep-alive", "1"))
    with silent(server, MOST) as connections:
        for connection in connections:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: loc")
        wait_until(lambda: not is_served(server), what="all places taken")
        assert [receive(connection) for connection in connections] == [b""] * MOST
    assert is_served(server)


def test_a_trusted_proxy_has_as_many_as_it_needs(make_server: Callable[..., Server]) -> None:
    server = make_server(max_connections_per_address=MOST, trusted_proxies="127.0.0.0/8")
    with silent(server, 5 * MOST):
        assert is_served(server)


def test_a_client_that_reads_no_answer(make_server: Callable[..., Server]) -> None:
    """It is closed before it has had all answers, which it would get at last if its place were kept."""
    server = make_server(stream_send_timeout_seconds=1)
    connection = socket.socket()
    with connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(60)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(GET * ANSWERS)
        wait_until(lambda: not is_established(server.port, connection.getsockname()[1]), what="its end")
        received = b""
        while piece := receive(connection):
            received += piece
    assert 0 < received.count(b"HTTP/1.1 200") < ANSWERS
    assert "Traceback" not in server.log()


def is_established(port: int, peer: int) -> bool:
    """Whether the server keeps its side of a connection open: proc(5), /proc/net/tcp."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ours = (f":{port:04X}", f":{peer:04X}")
    return any((row[1][-5:], row[2][-5:]) == ours and row[3] == ESTABLISHED for row in rows)
