"""The ways in which a client of the stream leaves."""

import socket

from tests.support.crowd import PATH
from tests.support.server import Server


def send(server: Server, raw: str, method: str = "GET") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    connection.sendall(f"{method} {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {raw}\r\n\r\n".encode())
    return connection


def leave_before_the_first_byte(server: Server, raw: str) -> None:
    send(server, raw).close()


def leave_with_a_reset(server: Server, raw: str) -> None:
    connection = send(server, raw)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def leave_after_an_event(server: Server, raw: str) -> None:
    connection = send(server, raw)
    while (piece := connection.recv(65536)) and b"event: " not in piece:
        pass
    connection.close()


def leave_half(server: Server, raw: str) -> None:
    connection = send(server, raw)
    connection.shutdown(socket.SHUT_WR)
    connection.recv(65536)
    connection.close()


def ask_for_the_head(server: Server, raw: str) -> None:
    connection = send(server, raw, "HEAD")
    assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    connection.close()


def be_refused(server: Server, raw: str) -> None:
    connection = send(server, raw + "x")
    assert connection.recv(65536).startswith(b"HTTP/1.1 401")
    connection.close()


WAYS = [leave_before_the_first_byte, leave_with_a_reset, leave_after_an_event, leave_half, ask_for_the_head, be_refused]
