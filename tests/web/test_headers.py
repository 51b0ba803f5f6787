"""What every answer tells a browser, over all routes, with a token and without."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from downloads_app.models import User
from tests.conftest import bearer
from tests.support.routes import ALL_ROUTES, all_routes

STREAM = "/api/downloads/subscribe"


@pytest.fixture
def app_settings() -> dict[str, Any]:
    """All routes are there."""
    return ALL_ROUTES


@pytest.mark.parametrize("is_signed_in", [False, True])
def test_no_answer_is_sniffed_framed_or_kept(app: Flask, client: FlaskClient, admin: User, is_signed_in: bool) -> None:
    headers: dict[str, Any] = bearer(admin) if is_signed_in else {}
    for route in all_routes(app):
        if route.rule == STREAM and is_signed_in:
            continue
        answer = client.open(route.path, method=route.method, headers=headers)
        answer.close()
        assert answer.headers["X-Content-Type-Options"] == "nosniff", route
        assert answer.headers["Referrer-Policy"] == "no-referrer", route
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy or "sandbox" in policy, route
        if route.rule.startswith("/api/") and answer.mimetype == "application/json":
            assert answer.headers["Cache-Control"] == "no-store", route
        if route.rule in ("/", "/api/docs", "/static/<path:filename>"):
            assert answer.headers["Cache-Control"] in ("no-cache", "no-store"), route


def test_a_stream_has_the_headers_it_was_given_and_no_others(client: FlaskClient, admin: User) -> None:
    stream = client.get(STREAM, headers=bearer(admin))
    stream.close()
    own = {"Content-Type", "Cache-Control", "X-Accel-Buffering"}
    assert set(stream.headers.keys()) == own | {"X-Content-Type-Options", "X-Request-Id"}


@pytest.mark.parametrize(
    ("address", "is_strict"),
    [("https://downloads.lan", True), ("http://downloads.lan", False), ("https://localhost:8000", False)],
)
def test_who_came_by_tls_is_to_come_by_tls(client: FlaskClient, address: str, is_strict: bool) -> None:
    for path in ("/", "/healthz", "/api/none", STREAM):
        answer = client.get(path, base_url=address)
        answer.close()
        assert ("Strict-Transport-Security" in answer.headers) is is_strict, path
