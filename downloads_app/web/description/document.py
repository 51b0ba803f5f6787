"""Completes what flask-smorest finds in the routes: ids, security, every answer, examples, and what is no resource."""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from flask import Flask
from flask_smorest.spec import FlaskPlugin

from downloads_app.services.downloads import representation
from downloads_app.web import idempotency
from downloads_app.web.bodies import MAX_PAGE_DIGITS
from downloads_app.web.description import answers, stream
from downloads_app.web.description.examples import example_of
from downloads_app.web.resources import DESCRIBED

METHODS = ("get", "post", "put", "patch", "delete")
_VERBS = {"get": "get", "post": "add", "put": "set", "patch": "change", "delete": "remove"}
_CSRF: dict[str, list[str]] = {"cookie": [], "csrf": []}
INFO = {
    "title": "downloads_app",
    "version": "v1",
    "summary": "Downloads of model repositories, for many users, shown live.",
    "description": "JSON in and out. Unknown fields and arguments are refused. Every error has the shape `Error`. "
    "Lists are paged: `X-Pagination` tells the total and the cursor of the next page. Times are UTC to the second.",
    "license": {"name": "MIT", "identifier": "MIT"},
}
SECURITY_SCHEMES = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "An access token of `POST /api/auth/login`, or of `users token`.",
    },
    "refresh": {"type": "http", "scheme": "bearer", "description": "A refresh token of `POST /api/auth/login`."},
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-access_token_cookie",
        "description": "Of `POST /api/auth/login` with `cookies`. Over plain HTTP on loopback without `__Host-`.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRF-TOKEN",
        "description": "Beside the cookie, for unsafe methods: the value of the cookie `__Host-csrf_access_token`.",
    },
}
_READ_THEIR_TOKENS_THEMSELVES = {"subscribe.subscribe": "user", "auth.logout": "ended"}
TAGS = {"status": "Whether the service is well"}
"""Descriptions of tags that no blueprint describes."""
HEADERS = {
    "X-Request-Id": {"description": "stands in the log of the service", "schema": {"type": "string"}},
    "Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}},
    "WWW-Authenticate": {"description": "that a bearer token is wanted", "schema": {"type": "string"}},
}
KEY_PARAMETER = {
    "in": "header",
    "name": idempotency.HEADER,
    "description": "The same key and request within a day get the first answer again: a request may be sent twice.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}


def make_document(app: Flask) -> dict[str, Any]:
    """Return the whole description, without its servers."""
    api = DESCRIBED.of(app)
    found = deepcopy(api.spec.to_dict())
    components = found["components"]
    schemas = {name: schema for name, schema in components["schemas"].items() if name != "PaginationMetadata"}
    for (schema_class, *_), name in api.ma_plugin.converter.refs.items():
        if name in schemas:
            schemas[name].setdefault("description", (schema_class.__doc__ or "").partition("\n")[0])
            schemas[name] |= getattr(schema_class, "FURTHER_RULES", {})
    schemas |= {"Error": answers.ERROR, **stream.SCHEMAS}
    schemas["StreamedDownload"] = stream.streamed_schema(schemas["Download"], representation.KEYS)
    paths = found["paths"] | stream.further_paths()
    _put_shared_parameters_into_operations(paths)
    for operation, path, method in _operations(paths):
        _complete(app, operation, path, method, schemas)
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "tags": [*found["tags"], *({"name": name, "description": text} for name, text in TAGS.items())],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": answers.error_answers(),
            "headers": HEADERS,
            "parameters": {"IdempotencyKey": KEY_PARAMETER},
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def _operations(paths: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, str]]:
    for path, item in paths.items():
        for method in METHODS:
            if method in item:
                yield item[method], path, method


def _complete(app: Flask, operation: dict[str, Any], path: str, method: str, schemas: dict[str, Any]) -> None:
    endpoint, view = _find_view(app, path, method)
    access = getattr(view, "access", _READ_THEIR_TOKENS_THEMSELVES.get(endpoint))
    operation.setdefault("operationId", _name_operation(endpoint, method, operation.get("tags", ["api"])[0]))
    operation["security"] = _security_of(access, method)
    if access is not None and method != "get" and not path.startswith(idempotency.NOT_FOR):
        operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/IdempotencyKey"})
    for parameter in operation.get("parameters", ()):
        if parameter.get("name") == "page":
            parameter["schema"]["maximum"] = 10**MAX_PAGE_DIGITS - 1
    _complete_answers(operation, method, access, schemas)
    for content in operation.get("requestBody", {}).get("content", {}).values():
        content.setdefault("example", example_of(content["schema"], schemas))


def _complete_answers(operation: dict[str, Any], method: str, access: str | None, schemas: dict[str, Any]) -> None:
    told = operation["responses"]
    told.pop("default", None)
    for code in answers.codes_of(operation, method, access):
        told.setdefault(str(code), {})
    for code in sorted(told):
        if code[0] not in "23":
            told[code] = _error(int(code), told.pop(code))
            continue
        answer = told[code] = told.pop(code)
        answer.setdefault("headers", {})["X-Request-Id"] = {"$ref": "#/components/headers/X-Request-Id"}
        for header in answer["headers"].values():
            if not {"$ref", "schema", "content"} & header.keys():
                header["schema"] = {"type": "string"}
        for content in answer.get("content", {}).values():
            content.setdefault("example", example_of(content["schema"], schemas))
        _describe(answer, code, schemas)


def _error(code: int, named: dict[str, Any]) -> dict[str, Any]:
    """Return an error's answer: the shared one, with the operation's own words where it has some."""
    shared = {"$ref": f"#/components/responses/{answers.name_of(code)}"}
    own = named.get("description")
    return shared | ({"description": own} if own and "$ref" not in named and own.count(" ") > 1 else {})


def _describe(answer: dict[str, Any], code: str, schemas: dict[str, Any]) -> None:
    """Describe a success by what its schema says of itself."""
    if code == "204" and answer.get("description") in (None, "No Content"):
        answer["description"] = "It is done; there is nothing to tell."
    for content in answer.get("content", {}).values():
        schema = content["schema"]
        name = schema.get("items", schema).get("$ref", "").rpartition("/")[2]
        said = schemas.get(name, {}).get("description")
        if said and answer.get("description") in (None, "OK", "Created", "Accepted"):
            answer["description"] = f"A list. Each of it: {said}" if "items" in schema else said


def _find_view(app: Flask, path: str, method: str) -> tuple[str, Any]:
    """Return the endpoint, and the function that answers a method there."""
    for rule in app.url_map.iter_rules():
        if method.upper() in (rule.methods or ()) and FlaskPlugin.flaskpath2openapi(rule.rule) == path:
            view: Any = app.view_functions[rule.endpoint]
            return rule.endpoint, getattr(getattr(view, "view_class", None), method, view)
    raise LookupError(f"no route answers {method.upper()} {path}")


def _name_operation(endpoint: str, method: str, tag: str) -> str:
    """Return `listDownloads`, `getDownload`, `pauseDownload`: what clients name their functions."""
    name = endpoint.rpartition(".")[2]
    one = re.sub("ies$", "y", tag).removesuffix("s").title()
    if not name[0].isupper():  # a function's name is a verb
        words = name if "_" in name or tag == "auth" else f"{name}_{one}"
        first, *rest = words.split("_")
        return first + "".join(word.title() if word.islower() else word for word in rest)
    of_one = name.startswith("One")
    name = name.removeprefix("One")
    verb = "list" if method == "get" and not of_one and name.endswith("s") else _VERBS[method]
    if method == "post":
        name = name.removesuffix("s")
    prefix = "" if one in name or tag == "auth" or tag.title() in name else one
    return f"{verb}{prefix}{name}"


def _security_of(access: str | None, method: str) -> list[dict[str, Any]]:
    if access is None:
        return []
    if access == "refresh":
        return [{"refresh": []}]
    return [{"token": []}, {"cookie": []} if method == "get" else _CSRF]


def _put_shared_parameters_into_operations(paths: dict[str, Any]) -> None:
    """Say the parameters of a path at each operation: some tools read them only there."""
    for item in paths.values():
        for parameter in item.pop("parameters", ()):
            for method in METHODS:
                if method in item:
                    item[method].setdefault("parameters", []).insert(0, parameter)
