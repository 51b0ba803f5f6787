"""What a route does not know is refused, also where nobody has to sign in; the stream alone ignores it."""

from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_smorest.spec import FlaskPlugin
from werkzeug.test import TestResponse

from downloads_app.models import User
from downloads_app.web import arguments, resources
from tests.conftest import PASSWORD, bearer

LOGIN, LOGOUT = "/api/auth/login", "/api/auth/logout"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Arguments have nothing to do with the kind of database."""
    return sqlite_url


def sign_in(client: FlaskClient, query: str = "") -> TestResponse:
    return client.post(LOGIN + query, json={"username": "alice", "password": PASSWORD})


def test_signing_in_refuses_an_unknown_argument(client: FlaskClient, alice: User) -> None:
    refused = sign_in(client, "?x=1")
    assert (refused.status_code, refused.json["errors"]) == (422, {"query": {"x": ["Unknown field."]}})
    assert sign_in(client).status_code == 200


def test_signing_out_refuses_an_unknown_argument_and_ends_nothing(client: FlaskClient, alice: User) -> None:
    headers = bearer(alice)
    assert client.post(f"{LOGOUT}?x=1").status_code == 401
    assert client.post(f"{LOGOUT}?x=1", headers=headers).status_code == 422
    assert client.get("/api/auth/me", headers=headers).status_code == 200
    assert client.post(LOGOUT, headers=headers).status_code == 204


@pytest.mark.parametrize("kind", FORMS)
def test_signing_in_and_out_refuse_forms(client: FlaskClient, alice: User, kind: str) -> None:
    headers = bearer(alice)
    assert client.post(LOGIN, data=b"username=alice", headers={"Content-Type": kind}).status_code == 415
    assert client.post(LOGOUT, data=b"a=b", headers=headers | {"Content-Type": kind}).status_code == 415
    assert client.get("/api/auth/me", headers=headers).status_code == 200


def test_a_form_in_chunks_is_one_too(client: FlaskClient, alice: User) -> None:
    headers = bearer(alice) | {"Content-Type": FORMS[0], "Transfer-Encoding": "chunked"}
    assert client.post(LOGOUT, input_stream=BytesIO(b"a=b"), headers=headers).status_code == 415
    assert client.get("/api/auth/me", headers=bearer(alice)).status_code == 200
    no_body = bearer(alice) | {"Content-Type": FORMS[0]}  # as `curl -d ""` sends it
    assert client.post(LOGOUT, headers=no_body).status_code == 204


def test_the_stream_ignores_what_libraries_add_against_caches(client: FlaskClient, alice: User) -> None:
    answer = client.get("/api/downloads/subscribe?_=1795394321", headers=bearer(alice))
    assert (answer.status_code, answer.mimetype) == (200, "text/event-stream")
    answer.close()


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/page-version", "/", "/history", "/static/main.js"])
def test_outside_the_api_what_monitors_and_links_bring_along_is_ignored(client: FlaskClient, path: str) -> None:
    plain, with_arguments = client.get(path), client.get(f"{path}?utm_source=mail&_=1795394321")
    assert (plain.status_code, with_arguments.status_code) == (200, 200)
    assert with_arguments.mimetype == plain.mimetype
    if path != "/" and path != "/history":  # which tell the time
        assert with_arguments.data == plain.data
    plain.close()
    with_arguments.close()


def test_a_wrong_argument_is_refused_without_describing_the_whole_api(
    client: FlaskClient, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "Api", None)  # a description takes a tenth of a second of the event loop
    assert client.get("/api/downloads?statsu=failed", headers=bearer(alice)).status_code == 422
    assert client.get("/api/downloads?status=failed&page=1&page_size=5", headers=bearer(alice)).status_code == 200


def test_what_a_route_knows_is_what_the_description_says(app: Flask) -> None:
    with app.app_context():
        paths = resources.DESCRIBED.here().spec.to_dict()["paths"]
        described = {
            (path, method.upper()): {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
            for path, operations in paths.items()
            for method, operation in operations.items()
            if method != "parameters"
        }
        known = {
            (FlaskPlugin.flaskpath2openapi(rule.rule), method): arguments.known_to(rule.endpoint, method)
            for rule in app.url_map.iter_rules()
            for method in rule.methods or ()
        }
    assert len(described) > 40
    assert {route: known[route] for route in described} == described
