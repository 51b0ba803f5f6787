"""Refuses what a route does not know instead of ignoring it: arguments of the query string, bodies of forms.

`web/authentication.py` asks it for every route of signed-in users, signing in and out ask it themselves.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from downloads_app.errors import InvalidInput
from downloads_app.per_app import PerApp
from downloads_app.web.resources import BLUEPRINTS

P = ParamSpec("P")
R = TypeVar("R")
FORMS = ("application/x-www-form-urlencoded", "multipart/")


def _list_known() -> dict[tuple[str, str], frozenset[str]]:
    """Return the names of a route's query arguments, by its endpoint and method, as its schemas say.

    The description has them too. But making it takes a tenth of a second, and this is asked on the event loop.
    """
    return {
        (f"{blueprint.name}.{endpoint}", method): names
        for blueprint in BLUEPRINTS.here()
        for endpoint, method, names in blueprint.list_query_names()
    }


_KNOWN = PerApp(_list_known)


def known_to(endpoint: str, method: str) -> frozenset[str]:
    """Return the names of the arguments in a query string that a route knows."""
    return _KNOWN.here().get((endpoint, method), frozenset())


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
    known = known_to(request.url_rule.endpoint, request.method if request.method != "HEAD" else "GET")
    for name in request.args:
        if name not in known:
            raise InvalidInput(f"{name[:100]!a}: Unknown argument", {"query": {name: ["Unknown field."]}})


def refuse_forms() -> None:
    """Raise UnsupportedMediaType for the body of a form, also where a route wants no body."""
    has_body = request.content_length or "Transfer-Encoding" in request.headers  # of a chunked one no length is told
    if has_body and request.mimetype.startswith(FORMS):
        raise UnsupportedMediaType("Send JSON, with Content-Type: application/json")
