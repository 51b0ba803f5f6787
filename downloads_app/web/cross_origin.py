"""Which pages of other origins may read our answers: those of CORS_ORIGINS, with a token in a header, never by cookie.

Without `Access-Control-Allow-Credentials` a browser hides the answer to a request that it sent with cookies (Fetch,
"CORS protocol and credentials"). So a page of another origin has to hold a token, and none can use a visitor's session.
"""

import re

from flask import Flask, Response
from flask_cors import CORS

from downloads_app.config import SETTINGS
from downloads_app.web.idempotency import HEADER, REPLAYED

SENT = ("Authorization", "Content-Type", HEADER, "Last-Event-ID", "Range", "If-None-Match", "If-Range")
READ = (
    "Content-Disposition",
    "Content-Range",
    "ETag",
    REPLAYED,
    "Location",
    "Retry-After",
    "WWW-Authenticate",
    "X-Files-Stay",
    "X-Pagination",
    "X-Request-Id",
)
PREFLIGHT_SECONDS = 600
"""How long a browser may remember that it has asked."""


def init_app(app: Flask) -> None:
    """Answer preflights; mark answers below `/api/`, also the stream and errors, for the pages that may read them."""
    origins = SETTINGS.of(app).cors_origins
    if not origins:
        return
    CORS(
        app,
        resources=r"/api/.*",
        origins=[re.compile(rf"{re.escape(origin)}\Z") for origin in origins],  # as texts they would match in any case
        allow_headers=list(SENT),
        expose_headers=list(READ),
        max_age=PREFLIGHT_SECONDS,
        supports_credentials=False,
        always_send=False,
        vary_header=False,
    )
    app.after_request(_vary)


def _vary(response: Response) -> Response:
    """Keep caches from giving one origin what was answered to another; also where no origin was named or let in."""
    response.vary.add("Origin")
    return response
