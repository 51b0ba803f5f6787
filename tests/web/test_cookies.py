"""Which cookies a browser gets, and that each setting of COOKIE_SECURE does what it says."""

from collections.abc import Callable
from typing import Any

import jwt
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from downloads_app.config import SETTINGS
from downloads_app.models import User
from downloads_app.services.accounts import tokens
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
    prefix = "__Host-" if is_secure else ""
    assert given.keys() > {prefix + name for name in ALL}
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


def test_what_browsers_ask_of_a_host_cookie_is_so(app: Flask, alice: User) -> None:
    given = cookies_of(sign_in(app, "https://localhost"))
    for name, attributes in given.items():
        assert name.startswith(("__Host-", "__Secure-device_"))
        assert "secure" in attributes
        assert "domain" not in attributes
        assert attributes["path"] == ("/api/auth" if "device" in name else "/")


def test_below_a_prefix_a_secure_cookie_cannot_be_of_the_whole_host(
    make_app: Callable[..., Flask], alice: User
) -> None:
    app = make_app(trusted_proxies="127.0.0.1")
    given = cookies_of(sign_in(app, "https://localhost", headers={"X-Forwarded-Prefix": "/loads"}))
    assert given.keys() > {f"__Secure-{name}" for name in ALL}
    assert given["__Secure-refresh_token_cookie"]["path"] == "/loads/api/auth/refresh"


def test_cookies_of_an_earlier_version_are_good_until_they_are_replaced(app: Flask, alice: User) -> None:
    earlier, client = cookies_given_before(app), app.test_client()
    for name, (value, path) in earlier.items():
        client.set_cookie(name, value, path=path, secure=True)
    secure: dict[str, Any] = {"base_url": "https://localhost"}
    assert client.get("/api/auth/me", **secure).status_code == 200
    headers = {"X-CSRF-TOKEN": earlier["csrf_refresh_token"][0]}
    answer = client.post("/api/auth/refresh", headers=headers, **secure)
    assert answer.status_code == 200
    given = cookies_of(answer)
    assert {name for name, attributes in given.items() if attributes["max-age"] == "0"} == ALL
    assert given.keys() == ALL | {f"__Host-{name}" for name in ALL}
    assert client.get("/api/auth/me", **secure).status_code == 200


def test_no_neighbour_puts_a_visitor_into_a_session_of_their_own(app: Flask, alice: User) -> None:
    """A neighbouring subdomain can set any cookie without a prefix, the CSRF values too."""
    planted = sign_in(app, "http://localhost").headers.getlist("Set-Cookie")
    client, secure = app.test_client(), {"base_url": "https://localhost"}
    values = {name: rest.partition(";")[0] for name, _, rest in (line.partition("=") for line in planted)}
    for name in ALL:
        client.set_cookie(name, values[name], path="/", secure=True)
    assert client.get("/api/auth/me", **secure).status_code == 401
    assert client.head("/api/downloads/subscribe", **secure).status_code == 401
    for kind, path in (("refresh", "refresh"), ("access", "logout")):
        headers = {"X-CSRF-TOKEN": values[f"csrf_{kind}_token"]}
        answer = client.post(f"/api/auth/{path}", headers=headers, **secure)
        assert (answer.status_code, answer.headers.getlist("Set-Cookie")) == (401, [])


@pytest.mark.parametrize("raw", ["x", "a.b.c", "e30.e30.", "\N{SNOWMAN}.a.b", "." * 5000])
def test_what_is_no_token_is_refused_in_a_cookie_too(app: Flask, raw: str) -> None:
    headers = {"Cookie": f"access_token_cookie={raw}"}
    assert app.test_client().get("/api/auth/me", headers=headers, base_url="https://localhost").status_code == 401


def test_a_prefixed_cookie_comes_before_one_that_a_neighbour_has_set(
    app: Flask, alice: User, make_user: Callable[..., User]
) -> None:
    client = app.test_client()
    client.set_cookie("access_token_cookie", tokens.issue_access(SETTINGS.of(app), make_user("mallory")), secure=True)
    client.set_cookie("__Host-access_token_cookie", tokens.issue_access(SETTINGS.of(app), alice), secure=True)
    me = client.get("/api/auth/me", base_url="https://localhost")
    assert me.json["username"] == "alice"


def cookies_given_before(app: Flask) -> dict[str, tuple[str, str]]:
    """Return the values and paths of the cookies of a sign-in of before: without a prefix, their tokens name no key."""
    found = {}
    for line in sign_in(app, "http://localhost").headers.getlist("Set-Cookie"):
        name, _, value = line.partition(";")[0].partition("=")
        if name in ALL:
            value = without_kid(app, value) if name.endswith("_cookie") else value
            found[name] = (value, "/api/auth/refresh" if name == "refresh_token_cookie" else "/")
    return found


def without_kid(app: Flask, raw: str) -> str:
    """Return a token as the version before has signed it."""
    secret = SETTINGS.of(app).jwt_secret_key
    return jwt.encode(jwt.decode(raw, secret, algorithms=["HS256"]), secret, "HS256")


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
