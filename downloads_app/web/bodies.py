"""What clients send, read within limits: time, size, depth, and text that every database can store."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import flask
from flask_smorest import Blueprint as SmorestBlueprint
from webargs.flaskparser import FlaskParser, abort
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, NotFound, RequestTimeout, UnsupportedMediaType

from downloads_app.config import current_settings
from downloads_app.web.api import paging
from downloads_app.web.gunicorn.connection import BROKEN_BODY
from downloads_app.web.gunicorn.loop import is_cooperative

MAX_PAGE_DIGITS = 12
_PAGE = ("page", "page_size")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
"""PostgreSQL's text has no NUL, and a lone surrogate is no character: Unicode, section 3.9."""


class Request(flask.Request):
    """A request whose body is there in time, or refused: no place of the server is held by one that never ends."""

    def get_data(self, *args: Any, **kwargs: Any) -> Any:
        """Return the body; raises BadRequest for a broken one, RequestTimeout for a late one."""
        with _in_time():
            try:
                return super().get_data(*args, **kwargs)
            except BROKEN_BODY as exc:
                raise BadRequest("The request's body is broken off or malformed") from exc


@contextmanager
def _in_time() -> Iterator[None]:
    """Bound what happens within, where gevent serves; other servers have limits of their own."""
    if not is_cooperative():
        yield
        return
    from gevent import Timeout

    seconds = current_settings().request_body_seconds
    with Timeout(seconds, RequestTimeout(f"The request's body is not here after {seconds:g} s")):
        yield


class Parser(FlaskParser):
    """Reads arguments; what cannot be text of ours is named in the answer, whichever field it is for.

    What a schema does not know is refused in a query as it is in a body: a misspelt filter must not show everything.
    """

    def __init__(self) -> None:
        super().__init__()
        self.DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": None}

    def load_json(self, req: flask.Request, schema: Any) -> Any:
        """Return the JSON of a body; 415 where it is of another kind, 400 where it is none, or too deep to read."""
        if not req.is_json and req.get_data():
            raise UnsupportedMediaType("Send JSON, with Content-Type: application/json")
        try:
            content = super().load_json(req, schema)
        except (ValueError, RecursionError):
            abort(400, messages={"json": ["Invalid JSON body."]})
        return _refuse_unstorable(content, "json")

    def load_querystring(self, req: flask.Request, schema: Any) -> Any:
        """Return the arguments of the query string, but for a page's: PageParser reads those."""
        given = list(req.args.items(multi=True))
        _refuse_unstorable(given, "query")
        return self._makeproxy(MultiDict((name, value) for name, value in given if name not in _PAGE), schema)


class PageParser(FlaskParser):
    """Reads `page` and `page_size`."""

    def load_querystring(self, req: flask.Request, schema: Any) -> Any:
        """Return the arguments; 422 for a page so far away that no database counts to it."""
        if len(req.args.get("page", "")) > MAX_PAGE_DIGITS:
            abort(422, messages={"query": {"page": [f"At most {MAX_PAGE_DIGITS} digits."]}})
        return super().load_querystring(req, schema)


class Blueprint(SmorestBlueprint):  # type: ignore[misc]  # flask-smorest has no types
    """A noun of the REST resources."""

    ARGUMENTS_PARSER = Parser()
    PAGINATION_ARGUMENTS_PARSER = PageParser()

    def _set_pagination_metadata(self, page_params: Any, result: Any, headers: Any) -> tuple[Any, Any]:
        said = json.dumps(paging.describe(page_params))
        return result, {**(headers or {}), self.PAGINATION_HEADER_NAME: said}

    def _document_pagination_metadata(self, spec: Any, resp_doc: dict[str, Any]) -> None:
        header = {"description": "of which list this is a page", "schema": paging.PaginationSchema}
        resp_doc.setdefault("headers", {})[self.PAGINATION_HEADER_NAME] = header


def refuse_unstorable_paths() -> None:
    """Answer 404 where a part of the path can be no name of ours; called before each request."""
    if any(isinstance(part, str) and _UNSTORABLE.search(part) for part in (flask.request.view_args or {}).values()):
        raise NotFound


def _refuse_unstorable(content: Any, location: str) -> Any:
    """Return the content; 422 where a text in it, however deep, has a NUL or half a character."""
    waiting = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str) and _UNSTORABLE.search(value):
            abort(422, messages={location: ["It has a character that is not text."]})
        if isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list | tuple):
            waiting += value
    return content
