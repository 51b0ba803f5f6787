"""`/api/openapi.json`: valid, complete, and true of the routes."""

import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_smorest import Api
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from downloads_app import create_app
from downloads_app.web import offload, resources
from tests.clients import npm
from tests.support.routes import ALL_ROUTES, all_routes
from tests.support.server import PROJECT

FOLDER = Path(__file__).parent
NO_RESOURCES = ("/static/", "/metrics", "/api/docs", "/api/openapi.json")
Document = dict[str, Any]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application without a database: a description needs none."""
    return create_app(instance_dir=tmp_path_factory.mktemp("instance"), **ALL_ROUTES)


@pytest.fixture(scope="module")
def document(app: Flask) -> Document:
    found: Document = app.test_client().get("/api/openapi.json").get_json()
    return found


def operations(document: Document) -> Iterator[tuple[str, Document]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def resolve(document: Document, node: Document) -> Document:
    while "$ref" in node:
        found: Document = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def as_described(rule: str) -> str:
    """Return a path as OpenAPI writes it: `{id}` for Flask's `<uuid:id>`."""
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule)


def test_it_is_openapi(document: Document) -> None:
    assert document["openapi"].startswith("3.1.")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_redocly_finds_neither_an_error_nor_a_warning(document: Document, tmp_path: Path) -> None:
    """But for one: it wants a 2xx of each operation. The two steps of single sign-on only lead a browser on."""
    leading_on = {name for name, operation in operations(document) if "302" in operation["responses"]}
    assert leading_on == {"GET /api/auth/oidc/login", "GET /api/auth/oidc/callback"}
    folder = npm.install(FOLDER / "redocly")
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    command = ("npx", "redocly", "lint", str(tmp_path / "openapi.json"), "--extends=recommended", "--format=summary")
    told = npm.run(folder, *command, env=quiet)
    found = re.findall(r"^(?:error|warning) .*", told, re.MULTILINE)
    assert found == [f"warning operation-2xx-response: {len(leading_on)}"], told
    assert "Your API description is valid" in told, told


def test_every_route_is_in_it(app: Flask, document: Document) -> None:
    described = {name for name, _ in operations(document)}
    routes = {
        f"{route.method} {as_described(route.rule)}"
        for route in all_routes(app)
        if route.rule.startswith("/api/") and not route.rule.startswith(NO_RESOURCES)
    }
    assert described == routes | {"GET /healthz", "GET /readyz"}


def test_every_operation_says_all_that_a_client_wants_to_know(document: Document) -> None:
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    tags = {tag["name"] for tag in document["tags"] if tag["description"]}
    for name, operation in operations(document):
        assert operation["summary"], name
        assert set(operation["tags"]) <= tags, name
        assert "security" in operation, name
        assert "default" not in operation["responses"], name
        for code, answer in operation["responses"].items():
            said = resolve(document, answer)
            assert said["description"] not in ("", "OK"), (name, code)
            assert "X-Request-Id" in said["headers"], (name, code)
            for kind, content in said.get("content", {}).items():
                assert content["schema"], (name, code, kind)
                assert "example" in content, (name, code, kind)


def test_every_example_is_what_its_schema_says(document: Document) -> None:
    def check(content: Document, where: str) -> None:
        schema = {**content["schema"], "components": document["components"]}
        errors = [error.message for error in Draft202012Validator(schema).iter_errors(content["example"])]
        assert errors == [], (where, content["example"])

    for name, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            check(content, name)
        for code, answer in operation["responses"].items():
            for content in resolve(document, answer).get("content", {}).values():
                check(content, f"{name} {code}")


def test_what_goes_out_is_always_there(document: Document) -> None:
    schemas = document["components"]["schemas"]
    assert set(schemas["Download"]["required"]) == set(schemas["Download"]["properties"])
    assert set(schemas["Error"]["required"]) == set(schemas["Error"]["properties"])
    assert "required" not in schemas["Tokens"]


def test_the_streams_events_are_those_that_are_given(document: Document) -> None:
    stream = document["paths"]["/api/downloads/subscribe"]["get"]["responses"]["200"]["content"]["text/event-stream"]
    data = [one["properties"]["data"]["contentSchema"]["$ref"] for one in stream["schema"]["oneOf"]]
    assert [one.rpartition("/")[2] for one in data] == ["UpdateEvent", "CompleteEvent", "ErrorEvent"]
    given = json.loads((PROJECT / "tests" / "stream_event.schema.json").read_text())
    update: Document = {
        **document["components"]["schemas"]["UpdateEvent"],
        "components": document["components"],
    }
    download = resolve(document, update["properties"]["downloads"]["items"])
    answers = document["paths"]["/api/downloads/{download_id}"]["get"]["responses"]
    shown = answers["200"]["content"]["application/json"]["example"]
    example = {"type": "update", "downloads": [{key: shown[key] for key in download["properties"]}]}
    Draft202012Validator(update).validate(example)
    Draft202012Validator(given).validate(example)


def test_below_a_prefix_the_server_is_there(app: Flask) -> None:
    below = app.test_client().get("/api/openapi.json", environ_overrides={"SCRIPT_NAME": "/mirror"})
    assert below.get_json()["servers"] == [{"url": "/mirror"}]


def test_the_first_description_is_made_in_another_thread(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes a tenth of a second, in which the event loop would send nothing."""
    used: list[threading.Thread] = []

    def watched(app: Flask) -> Any:
        used.append(threading.current_thread())
        return Api(app)

    app = create_app(instance_dir=tmp_path, database_url=sqlite_url)
    monkeypatch.setattr(resources, "Api", watched)
    monkeypatch.setattr(offload, "is_cooperative", lambda: True)
    with ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(offload, "call_in_thread", lambda call: pool.submit(call).result())
        answers = [app.test_client().get("/api/openapi.json") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(used) == 1
    assert threading.current_thread() not in used
