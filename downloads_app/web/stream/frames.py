"""What a stream sends: a view's frame, made once for all streams that show it. Also prepares the stream's socket."""

import socket
from collections.abc import Iterable
from typing import Any

from flask import Response

from downloads_app.services.live.view import View
from downloads_app.web.gunicorn import connection
from downloads_app.web.stream import sse

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
    """Return how many bytes a frame takes on the connection, chunk framing included."""
    return len(frame) + (len(b"%X\r\n\r\n" % len(frame)) if is_chunked else 0)


class ClosingResponse(Response):
    """An answer with `Connection: close`, after which the server closes the connection (RFC 9112, section 9.6).

    Without the header a client might send its next request on the connection just when the server closes it.
    """

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """See WSGI."""
        connection.close_after_answer(start_response)
        return super().__call__(environ, start_response)


def prepare_socket(sock: Any, send_timeout_seconds: float) -> None:
    """Limit what a client that does not read can cost: bytes in the kernel, and time.

    TCP_USER_TIMEOUT ends a connection whose client has vanished: the kernel closes it if sent data is not acknowledged
    within this time (RFC 5482).
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        milliseconds = int(send_timeout_seconds * 1000)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
