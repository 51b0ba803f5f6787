"""Refuses arguments of the query string that a route does not know: a misspelt one must not show everything."""

import re
from typing import Any

from flask import request

from downloads_app.errors import InvalidInput
from downloads_app.per_app import PerApp
from downloads_app.web.extensions import api


def _list_known() -> dict[tuple[str, str], frozenset[str]]:
    """Return the names of a route's query arguments, by its path and method, as its schemas say."""
    described: dict[str, dict[str, Any]] = api.spec.to_dict()["paths"]
    return {
        (path, method.upper()): frozenset(
            one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"
        )
        for path, item in described.items()
        for method, operation in item.items()
        if method != "parameters"
    }


_KNOWN = PerApp(_list_known)


def refuse_unknown() -> None:
    """Raise InvalidInput if the request has an argument that its route does not know."""
    if not request.args or request.url_rule is None:
        return
    path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", request.url_rule.rule)
    known = _KNOWN.here().get((path, request.method if request.method != "HEAD" else "GET"), frozenset())
    for name in request.args:
        if name not in known:
            raise InvalidInput(f"{name[:100]!a}: Unknown argument", {"query": {name: ["Unknown field."]}})
