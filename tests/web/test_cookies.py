"""Which cookies a browser gets, and that each setting of COOKIE_SECURE does what it says."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from downloads_app.models import User
from tests.conftest import PASSWORD

ALL = {"access_token_cookie", "refresh_token_cookie", "csrf_access_token", "csrf_refresh_token"}


def sign_in(app: Flask, host: str, **options: Any) -> TestResponse:
    client = app.test_client()
    body = {"username": "alice", "password": PASSWORD, "cookies": True}
    answer = client.post("/api/auth/login", json=body, base_url=host, **options)
    assert answer.status_code == 200
    return answer


def cookies_of(answer: TestResponse) -> dict[str, dict[str, str]]:
    """Return the attributes of each cookie, as a browser reads them: any `Secure`, whatever its value, is one."""
    found = {}
    for line in answer.headers.getlist("Set-Cookie"):
        name, *attributes = line.split("; ")
        pairs = (attribute.partition("=") for attribute in attributes)
        found[name.partition("=")[0]] = {key.lower(): value for key, _, value in pairs}
    return found


@pytest.mark.parametrize(
    ("setting", "host", "is_secure"),
    [
        (None, "http://localhost", False),
        (None, "http://127.0.0.1:8000", False),
        (None, "http://[::1]:8000", False),
        (None, "https://localhost", True),
        (None, "http://downloads.lan", True),
        (None, "https://downloads.example.org", True),
        (False, "http://downloads.lan", False),
        (False, "https://downloads.example.org", False),
        (True, "http://localhost", True),
    ],
)
def test_cookies_are_secure_as_the_setting_says(
    make_app: Callable[..., Flask], alice: User, setting: bool | None, host: str, is_secure: bool
) -> None:
    given = cookies_of(sign_in(make_app(cookie_secure=setting), host))
    assert given.keys() > ALL
    assert {"secure" in attributes for attributes in given.values()} == {is_secure}


def test_tokens_are_out_of_reach_of_scripts_and_of_other_sites(app: Flask, alice: User) -> None:
    given = cookies_of(sign_in(app, "http://localhost"))
    for name, attributes in given.items():
        assert attributes["samesite"] == "Lax"
        assert ("httponly" in attributes) is not name.startswith("csrf_")
    assert given["refresh_token_cookie"]["path"] == "/api/auth/refresh"
    assert given["access_token_cookie"]["path"] == "/"


def test_below_a_prefix_cookies_stay_there(make_app: Callable[..., Flask], alice: User) -> None:
    app = make_app(trusted_proxies="127.0.0.1")
    given = cookies_of(sign_in(app, "http://localhost", headers={"X-Forwarded-Prefix": "/loads"}))
    assert given["access_token_cookie"]["path"] == given["csrf_refresh_token"]["path"] == "/loads"
    assert given["refresh_token_cookie"]["path"] == "/loads/api/auth/refresh"


def test_signing_out_takes_all_of_them_back(app: Flask, alice: User) -> None:
    client = app.test_client()
    body = {"username": "alice", "password": PASSWORD, "cookies": True}
    client.post("/api/auth/login", json=body)
    csrf = client.get_cookie("csrf_access_token")
    assert csrf is not None
    answer = client.post("/api/auth/logout", headers={"X-CSRF-TOKEN": csrf.value})
    taken = {name for name, attributes in cookies_of(answer).items() if attributes["max-age"] == "0"}
    assert taken == ALL
    for name, path in (("access_token_cookie", "/"), ("refresh_token_cookie", "/api/auth/refresh")):
        assert client.get_cookie(name, path=path) is None


def test_a_cookie_refreshes_itself_and_its_csrf_value(app: Flask, alice: User) -> None:
    client = app.test_client()
    body = {"username": "alice", "password": PASSWORD, "cookies": True}
    client.post("/api/auth/login", json=body)
    before = client.get_cookie("csrf_refresh_token")
    assert before is not None
    assert client.post("/api/auth/refresh").status_code == 401
    assert client.post("/api/auth/refresh", headers={"X-CSRF-TOKEN": before.value}).status_code == 200
    after = client.get_cookie("csrf_access_token")
    assert after is not None
    assert client.post("/api/auth/logout", headers={"X-CSRF-TOKEN": after.value}).status_code == 204
