"""What an abuser makes: tokens with claims of their own choice, requests byte by byte."""

import socket
import time
import uuid
from typing import Any

import requests

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.accounts import tokens
from tests.support.server import Server

PATH = "/api/downloads/subscribe"


def claims(user: User, **changes: Any) -> dict[str, Any]:
    """Return the claims of a good access token, some of them changed; None takes one away."""
    now = int(time.time())
    content = {"sub": user.id, "jti": str(uuid.uuid4()), "type": "access", "fresh": False}
    content |= {"iat": now, "nbf": now, "exp": now + 600, "csrf": "x"} | changes
    return {name: value for name, value in content.items() if value is not None}


def check_refused(server: Server, raw: str, message: str | None = None) -> None:
    """Assert that a token opens nothing: 401 in the one error shape, and no byte of a stream."""
    answer = requests.get(server.url + PATH, headers={"Authorization": f"Bearer {raw}"}, stream=True, timeout=30)
    check_unauthorized(answer)
    if message:
        assert answer.json()["message"] == message


def check_unauthorized(answer: requests.Response) -> None:
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["code"] == 401
    assert "event:" not in answer.text


def exchange(server: Server, request: bytes) -> tuple[int, bytes]:
    """Send raw bytes; return the first answer's status (0: closed without one) and all until its end or first event."""
    received = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(request)
        while piece := receive(connection):  # a stream would go on for ever
            received += piece
            if b"event: " in received:
                break
    return int(received.split()[1]) if received else 0, received


def receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""  # closed with bytes of ours unread


def get_request(user: User, *headers: bytes) -> bytes:
    """Return a request for the stream as it goes over the wire, with further header lines."""
    lines = [f"GET {PATH} HTTP/1.1".encode(), b"Host: localhost"]
    lines += [f"Authorization: Bearer {tokens.issue_access(current_settings(), user)}".encode(), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"
