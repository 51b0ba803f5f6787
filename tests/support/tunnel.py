"""An outgoing proxy as companies have them: it opens tunnels (CONNECT) for those who know the password."""

import base64
import socket
from http.server import BaseHTTPRequestHandler

from tests.support.loopback import LoopbackServer
from tests.support.relay import pass_on_both_ways


class Tunnel:
    """Whatever host is asked for, the tunnel leads to `target_port` here; use it as a context manager."""

    def __init__(self, target_port: int, credentials: str | None = None) -> None:
        self.heads: list[tuple[str, dict[str, str]]] = []
        """What was asked for, and with which headers (names in lower case): all that a proxy gets to see."""
        self.opened = 0
        self._server = LoopbackServer(_handler_of(self, target_port, credentials))
        self.address = self._server.address

    def __enter__(self) -> "Tunnel":
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()


def _handler_of(owner: Tunnel, target_port: int, credentials: str | None) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            owner.heads.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            if credentials is not None and self.headers.get("Proxy-Authorization") != _basic(credentials):
                self.send_error(407)
                return
            target = socket.create_connection(("127.0.0.1", target_port))
            owner.opened += 1
            self.send_response(200, "Connection established")
            self.end_headers()
            pass_on_both_ways(self.connection, target)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Tests read `heads` instead."""

    return Handler


def _basic(credentials: str) -> str:
    return f"Basic {base64.b64encode(credentials.encode()).decode()}"
