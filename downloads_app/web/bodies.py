"""Reads what clients send within limits: time, size, depth, and text that every database can store."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import flask
from apispec.ext.marshmallow.common import resolve_schema_instance
from flask_smorest import Blueprint as SmorestBlueprint
from webargs.flaskparser import FlaskParser, abort
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, NotFound, RequestTimeout, UnsupportedMediaType

from downloads_app.config import current_settings
from downloads_app.models.columns import UNSTORABLE
from downloads_app.web import pagination
from downloads_app.web.gunicorn.connection import BROKEN_BODY
from downloads_app.web.gunicorn.loop import is_cooperative

MAX_PAGE_DIGITS = 12
_PAGE = ("page", "page_size")


class Request(flask.Request):
    """A request whose body must arrive in time: one that never ends must not hold a place of the server."""

    def get_data(self, *args: Any, **kwargs: Any) -> Any:
        """Return the body. Raises BadRequest for a broken one, RequestTimeout for a late one."""
        with _in_time():
            try:
                return super().get_data(*args, **kwargs)
            except BROKEN_BODY as exc:
                raise BadRequest("The request's body is broken off or malformed") from exc


@contextmanager
def _in_time() -> Iterator[None]:
    """Limit the time of the block, under gevent. Other servers have their own limits."""
    if not is_cooperative():
        yield
        return
    from gevent import Timeout

    seconds = current_settings().request_body_seconds
    with Timeout(seconds, RequestTimeout(f"The request's body is not here after {seconds:g} s")):
        yield


class Parser(FlaskParser):
    """Reads arguments. The answer names a text that we cannot store, in any field.

    An unknown argument is refused in a query as in a body: a misspelt filter must not show everything.
    """

    def __init__(self) -> None:
        super().__init__()
        self.DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": None}

    def load_json(self, req: flask.Request, schema: Any) -> Any:
        """Return the JSON of a body. 415 for another content type, 400 for broken or too deeply nested JSON."""
        if not req.is_json and req.get_data():
            raise UnsupportedMediaType("Send JSON, with Content-Type: application/json")
        try:
            content = super().load_json(req, schema)
        except (ValueError, RecursionError):
            abort(400, messages={"json": ["Invalid JSON body."]})
        return _refuse_unstorable(content, "json")

    def load_querystring(self, req: flask.Request, schema: Any) -> Any:
        """Return the arguments of the query string, without `page` and `page_size`: PageParser reads these."""
        given = list(req.args.items(multi=True))
        _refuse_unstorable(given, "query")
        return self._makeproxy(MultiDict((name, value) for name, value in given if name not in _PAGE), schema)


class PageParser(FlaskParser):
    """Reads `page` and `page_size`."""

    def load_querystring(self, req: flask.Request, schema: Any) -> Any:
        """Return the arguments. 422 for a page number that is too large for the database."""
        if len(req.args.get("page", "")) > MAX_PAGE_DIGITS:
            abort(422, messages={"query": {"page": [f"At most {MAX_PAGE_DIGITS} digits."]}})
        return super().load_querystring(req, schema)


class Blueprint(SmorestBlueprint):  # type: ignore[misc]  # a base of type Any: flask-smorest has no types
    """The blueprint of one REST resource."""

    ARGUMENTS_PARSER = Parser()
    PAGINATION_ARGUMENTS_PARSER = PageParser()

    def list_query_names(self) -> Iterator[tuple[str, str, frozenset[str]]]:
        """Yield each route's endpoint and method, with the names of its arguments in the query string."""
        for endpoint, methods in self._docs.items():
            for method, doc in methods.items():
                if method == "parameters":  # those of the path, which all methods share
                    continue
                told = [*doc.get("arguments", {}).get("parameters", ())]
                told += [doc["pagination"]["parameters"]] if "pagination" in doc else []
                schemas = [resolve_schema_instance(one["schema"]) for one in told if one["in"] == "query"]
                fields = [item for schema in schemas for item in schema.load_fields.items()]
                yield endpoint, method.upper(), frozenset(field.data_key or name for name, field in fields)

    def _set_pagination_metadata(self, page_params: Any, result: Any, headers: Any) -> tuple[Any, Any]:
        said = json.dumps(pagination.describe(page_params))
        return result, {**(headers or {}), self.PAGINATION_HEADER_NAME: said}

    def _document_pagination_metadata(self, spec: Any, resp_doc: dict[str, Any]) -> None:
        content = {"application/json": {"schema": pagination.PaginationSchema}}
        header = {"description": "of which list this is a page", "content": content}
        resp_doc.setdefault("headers", {})[self.PAGINATION_HEADER_NAME] = header


def refuse_unstorable_paths() -> None:
    """Answer 404 if a part of the path cannot be stored, so it cannot be a name. Runs before each request."""
    if any(isinstance(part, str) and UNSTORABLE.search(part) for part in (flask.request.view_args or {}).values()):
        raise NotFound


def _refuse_unstorable(content: Any, location: str) -> Any:
    """Return the content. 422 if a text in it, at any depth, has a NUL or a lone surrogate."""
    waiting = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str) and UNSTORABLE.search(value):
            abort(422, messages={location: ["It has a character that is not text."]})
        if isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list | tuple):
            waiting += value
    return content
