"""What gunicorn and gevent keep of a request's connection. Under another server there is nothing to find."""

from typing import Any

from gunicorn.http.errors import ParseException

BROKEN_BODY = (OSError, ParseException)
"""Raised while a request's body is read, if the client disconnects or frames the body wrongly."""


def connection_of(environ: dict[str, Any]) -> Any:
    """Return the socket object that gunicorn reads the request from and answers on, or None."""
    return environ.get("gunicorn.socket")


def socket_of(environ: dict[str, Any]) -> Any:
    """Return the socket to send an answer on; None unless the answer has the connection for itself (HTTP/1).

    Under gevent this is the non-blocking socket inside gevent's own: its `send()` never waits and takes half the time.
    """
    sock = connection_of(environ) if environ.get("SERVER_PROTOCOL") in ("HTTP/1.0", "HTTP/1.1") else None
    return getattr(sock, "_sock", sock)


def is_encrypted(environ: dict[str, Any]) -> bool:
    """Whether gunicorn speaks TLS on this connection, so that only gunicorn can send."""
    return hasattr(connection_of(environ), "cipher")


def limit_sends(environ: dict[str, Any], seconds: float) -> None:
    """Make gunicorn's own sends raise TimeoutError after so many seconds; otherwise they could wait for ever."""
    sock = connection_of(environ)
    if sock is not None:
        sock.settimeout(seconds)


def close_after_answer(start_response: Any) -> None:
    """Have gunicorn say `Connection: close` and close; a WSGI application may not set that header itself."""
    force_close = getattr(getattr(start_response, "__self__", None), "force_close", None)
    if force_close is not None:
        force_close()
