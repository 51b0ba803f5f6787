"""The largest that each route takes: bodies and queries made from their schemas, for tests that must hold for all."""

import uuid
from typing import Any

from flask import Flask
from marshmallow import Schema, fields, validate

from tests.support.routes import Route

BODY_BYTES = 60_000
"""A little less than a body may have."""
QUERY_BYTES = 3_000
TIMES = 60
"""How often an argument of a query that may be repeated is repeated."""


def schemas_of(app: Flask, route: Route) -> dict[str, Schema]:
    """Return what a route reads, by place: `json` and `query`."""
    endpoint = next(rule.endpoint for rule in app.url_map.iter_rules() if _matches(rule, route))
    view = app.view_functions[endpoint]
    function = getattr(getattr(view, "view_class", None), route.method.lower(), view)
    told = getattr(function, "_apidoc", {}).get("arguments", {}).get("parameters", [])
    return {one["in"]: one["schema"]() for one in told}


def _matches(rule: Any, route: Route) -> bool:
    return rule.rule == route.rule and route.method in rule.methods


def largest(schema: Schema, known: dict[str, Any], bytes_in_all: int = BODY_BYTES) -> dict[str, Any]:
    """Return values of all fields, each as large as its schema lets through and all fit in.

    `known` are values by name, in place of those: what a service checks beside the schema, and what leads on into it.
    """
    free = [name for name, field in schema.fields.items() if name not in known and _is_free(field)]
    each = bytes_in_all // max(1, len(free))
    made = {name: known[name] if name in known else _largest(field, each) for name, field in schema.fields.items()}
    return {name: value for name, value in made.items() if value is not None}


def _is_free(field: fields.Field[Any]) -> bool:
    return isinstance(field, fields.String | fields.List | fields.Dict)


def _largest(field: fields.Field[Any], each: int) -> Any:
    choices = next((rule.choices for rule in _rules(field) if isinstance(rule, validate.OneOf)), None)
    if choices is not None:
        return max(choices, key=len)
    length = next((rule.max for rule in _rules(field) if isinstance(rule, validate.Length)), None)
    match field:
        case fields.UUID():
            return str(uuid.UUID(int=0))
        case fields.AwareDateTime():
            return "9999-12-31T23:59:59Z"
        case fields.Boolean():
            return True
        case fields.Integer():
            return next((rule.max for rule in _rules(field) if isinstance(rule, validate.Range)), 1)
        case fields.List():
            inner = _largest(field.inner, 40)
            return [inner] * min(length or BODY_BYTES, each // (len(str(inner)) + 4))
        case fields.String():
            return "a" * min(length or BODY_BYTES, each)
    return None


def _rules(field: fields.Field[Any]) -> list[Any]:
    return list(field.validators)
