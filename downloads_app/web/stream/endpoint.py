"""`GET /api/downloads/subscribe`: decides who gets a stream, and what the others are told."""

import time
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wsgi import ClosingIterator

from downloads_app.errors import NotAuthenticated, TooMany
from downloads_app.services.live.snapshot import Unreadable
from downloads_app.services.live.viewers import Watch
from downloads_app.services.rights import as_error
from downloads_app.web.authentication import read_token
from downloads_app.web.gunicorn import connection
from downloads_app.web.gunicorn.strangers import STRANGERS
from downloads_app.web.stream import frames, metrics, sse
from downloads_app.web.stream.admission import DRAIN_RETRY_SECONDS, FULL_RETRY_SECONDS, ProcessFull, jittered
from downloads_app.web.stream.generator import Stream, Streams, current_streams

HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}

blueprint = Blueprint("subscribe", __name__)


@blueprint.route("/api/downloads/subscribe")
def subscribe() -> Response:
    """Tell the caller, every few seconds, of their own active downloads, and an admin of everybody's.

    401 for a token that is no good, 429 for a user with too many streams, 204 for a client that has seen
    `complete` while still nothing is active; else the stream. Unknown arguments are ignored here, other than in the
    REST resources: what makes an EventSource anew often adds one of its own (`?_=17…`) to get past caches, and an
    EventSource that is refused never tries again.
    """
    began = time.monotonic()
    streams = current_streams()
    streams.fit(request.environ)
    try:
        token = read_token()
        STRANGERS.here().recognize(request.environ)
        give_back = streams.admission.take_place(token.user_id)
    except NotAuthenticated:
        metrics.count_refused("token")
        raise
    except ProcessFull:
        metrics.count_refused("full house")
        return _turn_away(DRAIN_RETRY_SECONDS if streams.admission.is_draining else FULL_RETRY_SECONDS)
    except TooMany:
        metrics.count_refused("user's limit")
        raise
    watch = streams.snapshot.watch(token)

    def release() -> None:
        streams.snapshot.release(watch)
        give_back()

    try:
        return _open(streams, watch, began, release)
    except BaseException:
        release()
        raise


def _open(streams: Streams, watch: Watch, began: float, release: Any) -> Response:
    """Return the answer to an authorized caller. Whatever it is, `release` runs when the answer ends."""
    is_readable = True
    try:
        streams.snapshot.wait(watch, began)
    except Unreadable:
        is_readable = False  # 200 and error events: any other status would stop a browser for good
    if watch.verdict is not None:
        metrics.count_refused("token")
        raise as_error(watch.verdict)
    if is_readable and not len(watch.view) and sse.is_complete_id(request.headers.get("Last-Event-ID", "")):
        response = Response(status=204, headers={"Cache-Control": "no-store"})
        response.call_on_close(release)
        return response
    if request.method == "HEAD":
        release()
        return Response(headers=HEADERS)
    environ = request.environ
    sock, is_chunked = connection.socket_of(environ), environ.get("SERVER_PROTOCOL") != "HTTP/1.0"
    stream = Stream(streams, watch, began, sock, is_chunked, connection.is_encrypted(environ))
    if sock is not None:
        frames.prepare_socket(sock, streams.settings.stream_send_timeout_seconds)
    metrics.count_opened()
    environ.pop("werkzeug.request", None)  # the server keeps `environ`; the request is a fifth of a stream's memory
    # Not response.call_on_close: with direct_passthrough, the server closes only the body.
    body = ClosingIterator(stream.events(), [release, stream.close])
    return frames.ClosingResponse(body, headers=HEADERS, direct_passthrough=True)


def _turn_away(retry_seconds: tuple[float, float]) -> Response:
    """Answer a client for whom there is no place. The status is 200: after any other, a browser never reconnects."""
    body = sse.retry(jittered(retry_seconds)) + sse.comment("no place at the moment; come back")
    return frames.ClosingResponse(body, headers=HEADERS)
