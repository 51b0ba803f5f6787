"""The headers of every answer: the request's id, and what a browser must not do with the answer."""

from flask import Flask, Response, request

from downloads_app import request_ids
from downloads_app.web.cookies import is_on_loopback

NOSNIFF = ("X-Content-Type-Options", "nosniff")
HEADERS = {
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
HSTS = ("Strict-Transport-Security", "max-age=31536000")


def init_app(app: Flask) -> None:
    """Set the headers that a view has not set itself. No page displays a stream, so it gets fewer."""

    @app.after_request
    def add_missing(response: Response) -> Response:
        headers = response.headers
        headers[request_ids.HEADER] = request_ids.present() or ""
        headers.setdefault(*NOSNIFF)
        if response.mimetype != "text/event-stream":
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        if request.is_secure and not is_on_loopback():  # it would forbid plain HTTP to all that a developer runs there
            headers.setdefault(*HSTS)
        return response
