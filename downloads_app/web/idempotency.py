"""`Idempotency-Key`: a request that is sent again gets the first answer again, and is not carried out twice.

It holds for the unsafe methods of signed-in users. Below `/api/auth` and `/api/keys` the header is ignored, because
these answer with secrets, which must not be kept.
"""

from flask import Flask, Response, abort, g, request
from sqlalchemy.exc import SQLAlchemyError

from downloads_app.config import current_settings
from downloads_app.services import idempotency
from downloads_app.services.idempotency import Answer, Claim
from downloads_app.services.rights import Viewer

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
NOT_FOR = ("/api/auth/", "/api/keys")
KEPT_HEADERS = ("Content-Type", "Location", "X-Files-Stay")


def begin(viewer: Viewer) -> None:
    """Claim the request's key, if it has one. If there is an answer to it, end the request with that."""
    key = request.headers.get(HEADER)
    if key is None or request.path.startswith(NOT_FOR):
        return
    parts = (request.method.encode(), request.full_path.encode("utf-8", "surrogatepass"), request.get_data())
    begun = idempotency.begin(current_settings(), viewer, idempotency.check_key(key), *parts)
    if isinstance(begun, Claim):
        g.idempotency_claim = begun
        return
    abort(Response(begun.body, begun.status, {**begun.headers, REPLAYED: "true"}))


def init_app(app: Flask) -> None:
    """Keep the answers of requests that have claimed their keys."""

    @app.after_request
    def keep(response: Response) -> Response:
        claim: Claim | None = g.pop("idempotency_claim", None)
        if claim is not None:
            headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
            try:
                idempotency.finish(claim, Answer(response.status_code, headers, response.get_data()))
            except SQLAlchemyError as exc:
                app.logger.warning("an answer is not kept for its Idempotency-Key: %s", type(exc).__name__)
        return response
