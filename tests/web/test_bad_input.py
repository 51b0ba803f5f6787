"""What nobody may do: have a server error, by whatever they send, or learn of a body before they have signed in."""

import logging
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from downloads_app.models import Download, User
from downloads_app.web.bodies import Blueprint
from tests.conftest import bearer
from tests.support.routes import ALL_ROUTES, OPEN_TO_ALL, all_routes

DEEP = b"[" * 30_000
HOSTILE_BODIES = {
    "deep": DEEP,
    "deep object": b'{"a":' * 10_000,
    "number": b'{"priority": ' + b"9" * 5_000 + b"}",
    "exponent": b'{"priority": 1e999, "max_connections": 1e999}',
    "not a number": b'{"priority": NaN, "max_connections": -Infinity}',
    "half a character": b'{"name": "\\ud800", "username": "\\udc00", "repository": "\\ud800"}',
    "half a character as a key": b'{"\\ud800": 1}',
    "NUL": b'{"name": "a\\u0000b", "username": "a\\u0000b", "password": "\\u0000"}',
    "NUL in a sign-in": b'{"username": "a\\u0000b", "password": "x"}',
    "half a character in a sign-in": b'{"username": "\\ud800", "password": "\\udfff"}',
    "no UTF-8": b'{"name": "\xff\xfe"}',
    "list": b"[]",
    "null": b"null",
    "text": b'"text"',
    "nothing": b"",
    "half": b'{"name": "a',
    "many": b"[" + b'"a",' * 15_000 + b'"a"]',
    "many keys": b"{" + b",".join(b'"k%d":0' % number for number in range(5_000)) + b"}",
    "too large": b" " * 70_000,
}
HOSTILE_QUERIES = (
    f"page={2**63 - 1}&page_size=100",
    f"page={2**63 - 1}&page_size=1",
    f"page={'9' * 3000}",
    "page=999999999998&page_size=10",
    "page=-1&page_size=0",
    "name=a%00b",
    "username=a%00b",
    "search=a%00b",
    "revision=a%00b",
    "name=a%00b&username=a%00b&search=%00&revision=%00&sort=%00&status=%00",
    "name=%ED%A0%80&username=%ff&search=%F8",
    "id=x&id=%00&user_id=%00",
    "cursor=%00&cursor=AAAA",
    "files=maybe&files=%00",
    "since=0001-01-01T00:00:00%2B14:00",
    "until=9999-12-31T23:59:59-14:00",
)


@pytest.fixture
def app_settings() -> dict[str, Any]:
    """All routes are there."""
    return ALL_ROUTES


def names_of(app: Flask) -> list[str]:
    return [f"{route.method} {route.path}" for route in all_routes(app)]


def test_whoever_has_not_signed_in_learns_nothing_of_a_body(app: Flask, client: FlaskClient) -> None:
    answers = {}
    for route in all_routes(app):
        if route.rule in OPEN_TO_ALL:
            continue
        for body in (b"", b"[[", b'{"unknown": 1}', DEEP):
            sent: dict[str, Any] = {"data": body, "content_type": "application/json"} if route.method != "GET" else {}
            answer = client.open(f"{route.path}?page=x&files=x", method=route.method, **sent)
            answers[route.method, route.path] = answer.status_code
    assert set(answers.values()) == {401}, {name: code for name, code in answers.items() if code != 401}


@pytest.mark.parametrize("name", HOSTILE_BODIES)
def test_no_body_makes_a_server_error(app: Flask, client: FlaskClient, admin: User, name: str) -> None:
    for route in all_routes(app):
        if route.method in ("GET", "DELETE") or "logout" in route.path:
            continue
        answer = client.open(
            route.path,
            method=route.method,
            data=HOSTILE_BODIES[name],
            content_type="application/json",
            headers={} if route.path == "/api/auth/login" else bearer(admin),
        )
        assert answer.status_code < 500, (route, answer.text)


@pytest.mark.parametrize("query", HOSTILE_QUERIES, ids=range(len(HOSTILE_QUERIES)))
def test_no_query_makes_a_server_error(
    app: Flask, client: FlaskClient, admin: User, download: Download, query: str
) -> None:
    for route in all_routes(app):
        if route.method != "GET":
            continue
        path = route.path.replace("00000000-0000-4000-8000-000000000000", download.id)
        if "subscribe" in path:
            continue
        answer = client.get(f"{path}?{query}", headers=bearer(admin))
        assert answer.status_code < 500 or route.rule == "/readyz", (path, answer.text)


@pytest.mark.parametrize("part", ["a%00b", "%00", "a/%ED%A0%80", "%ff"])
def test_no_path_makes_a_server_error(client: FlaskClient, alice: User, download: Download, part: str) -> None:
    answer = client.get(f"/api/downloads/{download.id}/files/{part}", headers=bearer(alice))
    assert answer.status_code == 404


def test_a_form_is_refused_everywhere_and_not_ignored(app: Flask, client: FlaskClient, admin: User) -> None:
    for route in all_routes(app):
        if route.method == "GET" or route.path in ("/api/auth/logout", "/api/auth/refresh"):
            continue
        for sent in ({"data": {"name": "a"}}, {"data": {"file": (BytesIO(b"x"), "x")}}):
            answer = client.open(route.path, method=route.method, headers=bearer(admin), **sent)
            assert (answer.status_code, answer.json["code"]) == (415, 415), route


def test_an_argument_that_a_route_does_not_know_is_refused(
    app: Flask, client: FlaskClient, admin: User, download: Download
) -> None:
    for route in all_routes(app):
        if route.rule in OPEN_TO_ALL or route.path in ("/api/auth/logout", "/api/auth/refresh"):
            continue
        path = route.path.replace("00000000-0000-4000-8000-000000000000", download.id)
        if "subscribe" not in path:
            answer = client.open(f"{path}?statuz=failed", method=route.method, headers=bearer(admin))
            assert (answer.status_code, "statuz" in answer.text) == (422, True), route


def test_bad_input_is_one_line_of_the_log(client: FlaskClient, admin: User, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    short = {"username": "eve", "password": "short"}
    assert client.post("/api/users", json=short, headers=bearer(admin)).status_code == 422
    assert (
        client.post("/api/users", data=DEEP, headers=bearer(admin), content_type="application/json").status_code == 400
    )
    split = client.post("/api/providers/a%0aGET", json=short, headers=bearer(admin))
    assert split.status_code == 404
    nul = client.get("/api/users?username=%00%0a", headers=bearer(admin))
    assert nul.status_code == 422
    lines = [record.getMessage() for record in caplog.records]
    assert any(line.startswith("POST /api/users: 422 ") for line in lines)
    assert any(line.startswith("POST /api/users: 400 ") for line in lines)
    assert any(line.startswith("GET /api/users: 422 ") for line in lines)
    assert not any("\n" in line or "short'" in line for line in lines)
    assert not any(record.exc_info for record in caplog.records)


def test_every_resource_reads_bodies_within_limits(app: Flask) -> None:
    for name, blueprint in app.blueprints.items():
        if hasattr(blueprint, "ARGUMENTS_PARSER") and name != "api-docs":
            assert isinstance(blueprint, Blueprint), f"{name}: take Blueprint from downloads_app.web.bodies"
