"""Which pages of other origins may read what, and that no cookie helps them."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from downloads_app.config import load_settings
from downloads_app.models import User
from tests.conftest import bearer
from tests.support.routes import ALL_ROUTES, all_routes

APP = "https://app.example.org"
STREAM = "/api/downloads/subscribe"
ALLOWED = "Access-Control-Allow-Origin"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Origins have nothing to do with the kind of database."""
    return sqlite_url


@pytest.fixture
def open_client(make_app: Callable[..., Flask], alice: User) -> FlaskClient:
    """A client of an application that lets APP and another origin in."""
    return make_app(cors_origins=f"{APP}, http://localhost:3000").test_client()


def ask_before(client: FlaskClient, path: str, method: str, origin: str, headers: str) -> TestResponse:
    """Send a preflight."""
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }
    return client.options(path, headers=asked)


def test_a_preflight_of_each_route_is_answered_as_one(make_app: Callable[..., Flask]) -> None:
    app = make_app(cors_origins=APP, **ALL_ROUTES)
    client, asked = app.test_client(), 0
    for route in all_routes(app):
        answer = ask_before(client, route.path, route.method, APP, "authorization, content-type, idempotency-key")
        if not route.path.startswith("/api/"):
            assert ALLOWED not in answer.headers, route
            continue
        asked += 1
        assert (answer.status_code, answer.data) == (200, b""), route
        assert answer.headers[ALLOWED] == APP, route
        assert route.method in answer.headers["Access-Control-Allow-Methods"].split(", "), route
        allowed = answer.headers["Access-Control-Allow-Headers"].lower()
        assert {"authorization", "content-type", "idempotency-key"} == set(allowed.split(", ")), route
        assert "Access-Control-Allow-Credentials" not in answer.headers, route
        assert "Origin" in answer.vary, route
        elsewhere = ask_before(client, route.path, route.method, "https://evil.example", "authorization")
        assert not [name for name, _ in elsewhere.headers if name.startswith("Access-Control-")], route
    assert asked > 50


@pytest.mark.parametrize("header", ["x-csrf-token", "cookie", "x-forwarded-for", "x-anything"])
def test_a_preflight_gives_no_leave_to_send_other_headers(open_client: FlaskClient, header: str) -> None:
    answer = ask_before(open_client, "/api/downloads", "POST", APP, header)
    assert header not in answer.headers.get("Access-Control-Allow-Headers", "").lower()


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example.org.evil",
        "https://app.example.orgx",
        "http://app.example.org",
        "null",
        "HTTPS://APP.EXAMPLE.ORG",
    ],
)
def test_another_origin_gets_no_permission(open_client: FlaskClient, alice: User, origin: str) -> None:
    answers = [
        ask_before(open_client, "/api/downloads", "POST", origin, "authorization"),
        open_client.get("/api/downloads", headers=bearer(alice) | {"Origin": origin}),
        open_client.get("/api/downloads"),
    ]
    for answer in answers:
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control-")]
        assert "Origin" in answer.vary


def test_answers_errors_and_the_stream_can_be_read(open_client: FlaskClient, alice: User) -> None:
    headers = bearer(alice) | {"Origin": APP}
    for path, code in (("/api/downloads", 200), ("/api/none", 404), (STREAM, 200), ("/api/users", 403)):
        answer = open_client.get(path, headers=headers)
        answer.close()
        assert (answer.status_code, answer.headers.getlist(ALLOWED)) == (code, [APP]), path
        exposed = answer.headers["Access-Control-Expose-Headers"]
        assert {"X-Pagination", "X-Request-Id", "Retry-After", "Idempotent-Replayed"} <= set(exposed.split(", "))
    refused = open_client.get(STREAM, headers={"Origin": APP})
    assert (refused.status_code, refused.headers[ALLOWED]) == (401, APP)


def test_the_page_and_its_files_are_for_nobody_else(open_client: FlaskClient) -> None:
    assert ALLOWED not in open_client.get("/", headers={"Origin": APP}).headers


def test_nothing_is_said_where_no_origin_is_named(client: FlaskClient, alice: User) -> None:
    answer = client.get("/api/downloads", headers=bearer(alice) | {"Origin": APP})
    assert ALLOWED not in answer.headers
    assert not answer.vary


@pytest.mark.parametrize(
    "wrong",
    [
        "*",
        "null",
        "app.example.org",
        f"{APP}/",
        f"{APP}:443",
        "http://x:80",
        "https://App.example.org",
        "https://a b",
        "ftp://x",
    ],
)
def test_what_no_browser_sends_stops_the_start(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("CORS_ORIGINS", f"https://good.example, {wrong}")
    with pytest.raises(SystemExit, match=r"error: CORS_ORIGINS is .*; expected: origins as browsers send them"):
        load_settings()


@pytest.mark.parametrize(
    "origin", [APP, "http://localhost:3000", "http://[::1]:8080", "https://10.0.0.1", "http://x:443"]
)
def test_an_origin_as_browsers_send_it_is_taken(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    monkeypatch.setenv("CORS_ORIGINS", origin)
    assert load_settings().cors_origins == (origin,)
