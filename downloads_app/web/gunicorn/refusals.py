"""What gunicorn itself answers to a request that it cannot read: in the shape of all our errors."""

import json
from collections.abc import Callable
from typing import Any

from gunicorn import util
from gunicorn.http.errors import ParseException
from werkzeug.http import HTTP_STATUS_CODES

from downloads_app import request_ids


def answer_in_our_shape(worker: Any) -> None:
    """Give gunicorn's own errors our shape and a request id, which stands in their log line too."""
    util.write_error = _write_error
    worker.handle_error = _with_new_id(worker.handle_error)


def _with_new_id(handle_error: Callable[..., None]) -> Callable[..., None]:
    def handle(request: Any, client: Any, address: Any, error: BaseException) -> None:
        if isinstance(error, ParseException) or request_ids.present() is None:
            request_ids.begin(request_ids.choose(None))  # the application, which begins it otherwise, was never asked
        handle_error(request, client, address, error)

    return handle


def _write_error(sock: Any, status: int, reason: str, message: str) -> None:
    """Write a whole answer, as gunicorn.util.write_error does. The message quotes the client, as JSON.

    gunicorn's own reason for 501 is that of 400.
    """
    reason = HTTP_STATUS_CODES.get(status, reason)
    content = {"code": status, "status": reason, "message": message or reason, "errors": {}}
    body = json.dumps(content | {"request_id": request_ids.present()})
    lines = (
        f"HTTP/1.1 {status} {reason}",
        "Connection: close",
        "Content-Type: application/json",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        f"{request_ids.HEADER}: {request_ids.present()}",
        f"Content-Length: {len(body)}",
    )
    util.write_nonblock(sock, "\r\n".join((*lines, "", body)).encode("ascii"))
