"""What goes over a connection: a view's frame, made once for all who see it, and the socket that it goes to."""

import socket
from collections.abc import Iterable
from typing import Any

from flask import Response

from downloads_app.services.live.view import View
from downloads_app.web.gunicorn import connection
from downloads_app.web.stream import sse
from downloads_app.web.stream.pacing.io_uring.ring import address_of

SEND_BUFFER_BYTES = 64 * 1024


def frame_of(view: View) -> bytes:
    """Return the `update` of a view, made once for all streams that show it."""
    if view.frame is None:
        view.frame = sse.update(view.encoded(), view.state_id)
    return view.frame


def as_chunk(frame: bytes) -> bytes:
    """Return a frame as one chunk (RFC 9112, section 7.1), written as gunicorn writes it."""
    return b"%X\r\n%b\r\n" % (len(frame), frame)


def length_on_wire(frame: bytes, is_chunked: bool) -> int:
    """Return how many bytes a frame takes, framing included."""
    return len(frame) + (len(b"%X\r\n\r\n" % len(frame)) if is_chunked else 0)


class Packet:
    """Bytes to be sent, and what a system call must know of them."""

    __slots__ = ("address", "data", "length")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.address = address_of(data)
        self.length = len(data)


NOTHING = Packet(b"")


class ClosingResponse(Response):
    """An answer after which the server closes the connection, and says so (RFC 9112, section 9.6).

    Otherwise a client may send its next request on it at the very moment it is closed.
    """

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """See WSGI."""
        connection.close_after_answer(start_response)
        return super().__call__(environ, start_response)


def prepare_socket(sock: Any, send_timeout_seconds: float) -> None:
    """Bound what a client that does not read can cost: bytes in the kernel, and time.

    TCP_USER_TIMEOUT ends a connection whose client has vanished without a word: sent data that is not
    acknowledged within it breaks the connection (RFC 5482).
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        milliseconds = int(send_timeout_seconds * 1000)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
