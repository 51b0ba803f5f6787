"""The only table from errors to HTTP statuses, and the only shape of an error's answer."""

from typing import Any

from flask import Flask, Response, current_app, g, jsonify, request
from sqlalchemy.exc import DataError, DBAPIError, TimeoutError
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from downloads_app import errors, request_ids
from downloads_app.logs import one_line
from downloads_app.services.database.session import ROW_IS_GONE
from downloads_app.web.page.error_page import show_error, wants_page

STATUS_CODES: tuple[tuple[type[errors.DownloadsError], int], ...] = (
    (errors.InvalidInput, 422),
    (errors.NotAuthenticated, 401),
    (errors.NotAllowed, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.TooMany, 429),
    (errors.SourceError, 424),
    (errors.Busy, 503),
    (errors.Passing, 503),
)

DATABASE_RETRY_SECONDS = 5


def init_app(app: Flask) -> None:
    """Register the handlers of everything that can be raised in a request."""
    app.register_error_handler(errors.DownloadsError, _handle_domain_error)
    app.register_error_handler(HTTPException, _handle_http_error)
    for kind in ROW_IS_GONE:
        app.register_error_handler(kind, _handle_just_deleted)
    app.register_error_handler(DataError, _handle_unstorable)
    app.register_error_handler(OverflowError, _handle_unstorable)  # SQLite raises it for a number of more than 64 bits
    app.register_error_handler(DBAPIError, _handle_database_error)
    app.register_error_handler(TimeoutError, _handle_database_error)
    app.register_error_handler(Exception, _handle_unforeseen)


def error_response(code: int, message: str, details: Any = None) -> Response:
    """Return the answer for an error: in the shape of all errors, or as a page for a browser outside of the API."""
    if wants_page():
        return show_error(code, message)
    status = HTTP_STATUS_CODES.get(code, "Error")
    response = jsonify(
        code=code, status=status, message=message, errors=details or {}, request_id=request_ids.present()
    )
    response.status_code = code
    response.headers["Cache-Control"] = "no-store"
    return response


def _handle_domain_error(error: errors.DownloadsError) -> Response:
    code = next(code for kind, code in STATUS_CODES if isinstance(error, kind))
    response = error_response(code, error.message, error.errors)
    _log_bad_input(code, error.errors)
    if isinstance(error, errors.NotAllowed) and "token" in g:
        where = f"{request.method} {request.path}"
        current_app.logger.info("%s: 403 for user %s", one_line(where), g.token.user_id)
    if isinstance(error, errors.NotAuthenticated):
        response.headers["WWW-Authenticate"] = 'Bearer realm="downloads"'
    if isinstance(error, errors.TooMany | errors.Busy):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


def _handle_http_error(error: HTTPException) -> Response:
    """Answer werkzeug's errors and flask-smorest's. The latter's `data` has a schema's messages."""
    data = getattr(error, "data", None) or {}
    message = data.get("message") or error.description or ""
    details = data.get("messages") or data.get("errors")
    if error.code == 422 and details:
        message = _name_first(details) or message
    response = error_response(error.code or 500, message, details)
    _log_bad_input(error.code or 500, details or message)
    original = error.get_response()
    for name in ("Allow", "Retry-After", "Content-Range"):
        if name in original.headers:
            response.headers[name] = original.headers[name]
    if 300 <= (error.code or 500) < 400:
        return Response(status=error.code, headers={"Location": original.headers.get("Location", "/")})
    return response


def _name_first(details: Any) -> str:
    """Return the first thing that a schema says is wrong, with the field before it: `priority: Must be …`."""
    path: list[str] = []
    while isinstance(details, dict) and details:
        key, details = next(iter(details.items()))
        path.append(str(key))
    first = details[0] if isinstance(details, list) and details else details
    field = ".".join(part for part in path if part not in ("json", "query", "_schema"))
    return ": ".join(filter(None, (field, str(first)))) if isinstance(first, str) else ""


def _handle_unstorable(error: Exception) -> Response:
    """Answer for a value that passed all checks but that the database cannot store, such as a too large number."""
    _log_bad_input(400, type(error).__name__)
    return error_response(400, "A value is out of range")


def _handle_just_deleted(_error: Exception) -> Response:
    """Answer for a row that another request deleted while this one was at work with it."""
    return error_response(404, "It has just been deleted")


def _log_bad_input(code: int, details: Any) -> None:
    """Log one line about a bad request. It does not show what was sent: that may be a secret."""
    if code in (400, 408, 413, 422):
        where = f"{request.method} {request.path}"
        current_app.logger.info("%s: %d %s", one_line(where), code, one_line(str(details)))


def _handle_database_error(error: Exception) -> Response:
    """Answer for a failing database, in our words. The driver's own text goes only to the log."""
    current_app.logger.error("%s %s: database error: %s", request.method, request.path, type(error).__name__)
    current_app.logger.debug("database error", exc_info=error)
    response = error_response(503, "The database does not answer")
    response.headers["Retry-After"] = str(DATABASE_RETRY_SECONDS)
    return response


def _handle_unforeseen(error: Exception) -> Response:
    current_app.logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return error_response(500, "Something went wrong on our side")
