"""Which sockets the pacer may send on."""

import socket
import ssl
from typing import Any

import pytest

from downloads_app.web.gunicorn import connection


@pytest.mark.parametrize("protocol", ["HTTP/2.0", "HTTP/2", None])
def test_a_connection_of_many_answers_is_no_streams_own(protocol: str | None) -> None:
    with socket.socket() as sock:
        environ: dict[str, Any] = {"gunicorn.socket": sock, "SERVER_PROTOCOL": protocol}
        assert connection.socket_of(environ) is None
        assert connection.socket_of(environ | {"SERVER_PROTOCOL": "HTTP/1.1"}) is sock
        assert connection.socket_of(environ | {"SERVER_PROTOCOL": "HTTP/1.0"}) is sock
        assert not connection.is_encrypted(environ)


def test_without_gunicorn_there_is_no_socket() -> None:
    assert connection.socket_of({"SERVER_PROTOCOL": "HTTP/1.1"}) is None


def test_a_connection_that_is_encrypted_is_known() -> None:
    ours, theirs = socket.socketpair()
    context = ssl.create_default_context()
    with theirs, context.wrap_socket(ours, server_hostname="localhost", do_handshake_on_connect=False) as encrypted:
        assert connection.is_encrypted({"gunicorn.socket": encrypted})
