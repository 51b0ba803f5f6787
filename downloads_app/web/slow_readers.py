"""Ends connections whose client does not read its answers: each would hold its place for ever."""

from flask import Flask, request

from downloads_app.config import SETTINGS
from downloads_app.web.gunicorn.connection import limit_sends


def init_app(app: Flask) -> None:
    """Limit how long a send of an answer, or of a stream's event, waits for its reader."""
    seconds = SETTINGS.of(app).stream_send_timeout_seconds
    app.before_request(lambda: limit_sends(request.environ, seconds))
