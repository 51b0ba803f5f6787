"""Refuses what a route does not know instead of ignoring it: arguments of the query string, bodies of forms.

`web/authentication.py` asks it for every route of signed-in users, signing in and out ask it themselves.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import request
from flask_smorest.spec import FlaskPlugin
from werkzeug.exceptions import UnsupportedMediaType

from downloads_app.errors import InvalidInput
from downloads_app.per_app import PerApp
from downloads_app.web.resources import DESCRIBED

P = ParamSpec("P")
R = TypeVar("R")
FORMS = ("application/x-www-form-urlencoded", "multipart/")


def _list_known() -> dict[tuple[str, str], frozenset[str]]:
    """Return the names of a route's query arguments, by its path and method, as its schemas say."""
    described: dict[str, dict[str, Any]] = DESCRIBED.here().spec.to_dict()["paths"]
    return {
        (path, method.upper()): frozenset(
            one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"
        )
        for path, item in described.items()
        for method, operation in item.items()
        if method != "parameters"
    }


_KNOWN = PerApp(_list_known)


def refuse_unknown_and_forms() -> None:
    """Refuse both in the present request."""
    refuse_unknown()
    refuse_forms()


def takes_only_what_it_knows(view: Callable[P, R]) -> Callable[P, R]:
    """Refuse both before a view that nobody has to sign in for."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        refuse_unknown_and_forms()
        return view(*args, **kwargs)

    return wrapper


def refuse_unknown() -> None:
    """Raise InvalidInput if the request has an argument that its route does not know."""
    if not request.args or request.url_rule is None:
        return
    path = FlaskPlugin.flaskpath2openapi(request.url_rule.rule)
    known = _KNOWN.here().get((path, request.method if request.method != "HEAD" else "GET"), frozenset())
    for name in request.args:
        if name not in known:
            raise InvalidInput(f"{name[:100]!a}: Unknown argument", {"query": {name: ["Unknown field."]}})


def refuse_forms() -> None:
    """Raise UnsupportedMediaType for the body of a form, also where a route wants no body."""
    has_body = request.content_length or "Transfer-Encoding" in request.headers  # of a chunked one no length is told
    if has_body and request.mimetype.startswith(FORMS):
        raise UnsupportedMediaType("Send JSON, with Content-Type: application/json")
