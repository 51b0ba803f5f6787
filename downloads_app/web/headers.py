"""The security headers of every answer: what a browser must not do with it."""

from flask import Flask, Response

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


def init_app(app: Flask) -> None:
    """Set the headers that a view has not set itself. A stream has its own headers, and no page displays it."""

    @app.after_request
    def add_missing(response: Response) -> Response:
        if response.mimetype != "text/event-stream":
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
        return response
