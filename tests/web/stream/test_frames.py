"""What is asked of the socket of a stream, and which sockets the pacer may send on."""

import socket
import ssl
from typing import Any

import pytest

from downloads_app.web.stream import frames


def test_what_a_client_that_does_not_read_can_cost_is_bounded() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as ours:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
        frames.prepare_socket(ours, 2.5)
        # The kernel doubles what it is asked for: socket(7).
        assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 2 * frames.SEND_BUFFER_BYTES
        assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 2500


@pytest.mark.parametrize("protocol", ["HTTP/2.0", "HTTP/2", None])
def test_a_connection_of_many_answers_is_no_streams_own(protocol: str | None) -> None:
    with socket.socket() as sock:
        environ: dict[str, Any] = {"gunicorn.socket": sock, "SERVER_PROTOCOL": protocol}
        assert frames.socket_of(environ) is None
        assert frames.socket_of(environ | {"SERVER_PROTOCOL": "HTTP/1.1"}) is sock
        assert frames.socket_of(environ | {"SERVER_PROTOCOL": "HTTP/1.0"}) is sock
        assert not frames.is_encrypted(environ)


def test_without_gunicorn_there_is_no_socket() -> None:
    assert frames.socket_of({"SERVER_PROTOCOL": "HTTP/1.1"}) is None


def test_a_connection_that_is_encrypted_is_known() -> None:
    ours, theirs = socket.socketpair()
    context = ssl.create_default_context()
    with theirs, context.wrap_socket(ours, server_hostname="localhost", do_handshake_on_connect=False) as encrypted:
        assert frames.is_encrypted({"gunicorn.socket": encrypted})
