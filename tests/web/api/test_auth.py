"""Signing in, and what a bad token gets."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_jwt_extended import create_access_token

from downloads_app.models import User
from downloads_app.services.accounts import users
from downloads_app.services.queue import housekeeping
from tests.conftest import PASSWORD, bearer

LOGIN = "/api/auth/login"


def sign_in(client: FlaskClient, **extra: object) -> dict[str, Any]:
    answer = client.post(LOGIN, json={"username": "alice", "password": PASSWORD, **extra})
    assert answer.status_code == 200, answer.json
    return dict(answer.json or {})


def test_login_gives_tokens_that_work(client: FlaskClient, alice: User) -> None:
    given = sign_in(client)
    assert set(given) == {"access_token", "refresh_token", "token_type"}
    me = client.get("/api/auth/me", headers={"Authorization": f"Bearer {given['access_token']}"})
    assert me.json is not None
    assert (me.status_code, me.json["id"], me.json["username"], me.json["role"]) == (200, alice.id, "alice", "user")


def test_wrong_name_and_wrong_password_look_the_same(client: FlaskClient, alice: User) -> None:
    wrong_name = client.post(LOGIN, json={"username": "nobody", "password": PASSWORD})
    wrong_password = client.post(LOGIN, json={"username": "alice", "password": "wrong"})
    assert wrong_name.status_code == wrong_password.status_code == 401
    told, other = wrong_name.get_json(), wrong_password.get_json()
    assert told.pop("request_id") != other.pop("request_id")
    assert told == other


def test_a_disabled_user_cannot_sign_in(client: FlaskClient, alice: User, admin: User) -> None:
    users.set_disabled(alice, True)
    assert client.post(LOGIN, json={"username": "alice", "password": PASSWORD}).status_code == 401


def test_cookies_sign_in_and_need_csrf_for_unsafe_methods(client: FlaskClient, alice: User) -> None:
    assert sign_in(client, cookies=True) == {"cookies": True}
    cookie = client.get_cookie("access_token_cookie")
    assert cookie is not None
    assert cookie.http_only
    assert client.get("/api/auth/me").status_code == 200
    assert client.post("/api/auth/logout").status_code == 401
    csrf = client.get_cookie("csrf_access_token")
    assert csrf is not None
    assert client.post("/api/auth/logout", headers={"X-CSRF-TOKEN": csrf.value}).status_code == 204
    assert client.get("/api/auth/me").status_code == 401


def test_a_bad_header_decides_over_a_good_cookie(client: FlaskClient, alice: User) -> None:
    sign_in(client, cookies=True)
    for header in ("Bearer nonsense", "Basic abc", "Bearer", ""):
        assert client.get("/api/auth/me", headers={"Authorization": header}).status_code == 401, header


@pytest.mark.parametrize("life", [timedelta(days=3650), False], ids=["ten years", "for ever"])
def test_a_token_that_outlives_all_others_stays_revoked_as_long(
    client: FlaskClient, alice: User, life: timedelta | bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = create_access_token(identity=alice.id, expires_delta=life)
    headers = {"Authorization": f"Bearer {raw}"}
    assert client.get("/api/auth/me", headers=headers).status_code == 200
    assert client.post("/api/auth/logout", headers=headers).status_code == 204
    in_nine_years = datetime.now(UTC) + timedelta(days=3285)
    monkeypatch.setattr(housekeeping, "database_now", lambda seconds=0: in_nine_years)
    housekeeping.remove_old_rows()
    assert client.get("/api/auth/me", headers=headers).status_code == 401


def test_logout_revokes_all_tokens_of_the_sign_in(client: FlaskClient, alice: User) -> None:
    given = sign_in(client)
    other = sign_in(client)
    header = {"Authorization": f"Bearer {given['access_token']}"}
    assert client.post("/api/auth/logout", headers=header).status_code == 204
    assert client.get("/api/auth/me", headers=header).status_code == 401
    refresh = client.post("/api/auth/refresh", headers={"Authorization": f"Bearer {given['refresh_token']}"})
    assert refresh.status_code == 401
    assert client.get("/api/auth/me", headers={"Authorization": f"Bearer {other['access_token']}"}).status_code == 200


def test_a_refresh_token_gives_new_tokens_and_opens_nothing_else(client: FlaskClient, alice: User) -> None:
    header = {"Authorization": f"Bearer {sign_in(client)['refresh_token']}"}
    assert client.get("/api/auth/me", headers=header).status_code == 401
    first = client.post("/api/auth/refresh", headers=header)
    assert first.status_code == 200
    assert first.json is not None
    new = {"Authorization": f"Bearer {first.json['access_token']}"}
    assert client.get("/api/auth/me", headers=new).status_code == 200


def test_a_changed_password_ends_what_was_issued_before(client: FlaskClient, alice: User) -> None:
    old = bearer(alice)
    body = {"current_password": PASSWORD, "new_password": "another long one"}
    assert client.put("/api/auth/password", json={**body, "current_password": "x"}, headers=old).status_code == 403
    assert client.put("/api/auth/password", json=body, headers=old).status_code == 204
    assert client.get("/api/auth/me", headers=old).status_code == 401
    answer = client.post(LOGIN, json={"username": "alice", "password": "another long one"})
    assert answer.json is not None
    new = {"Authorization": f"Bearer {answer.json['access_token']}"}
    assert client.get("/api/auth/me", headers=new).status_code == 200


@pytest.mark.parametrize("body", [{}, {"username": "alice"}, {"username": 5, "password": []}, [], "x", None])
def test_a_login_without_its_fields_is_told_so(client: FlaskClient, body: object) -> None:
    answer = client.post(LOGIN, json=body)
    assert answer.status_code in (400, 422)
    assert answer.json is not None
    assert set(answer.json) == {"code", "status", "message", "errors", "request_id"}


def test_every_error_has_the_same_shape(app: Flask, client: FlaskClient) -> None:
    for answer in (client.get("/api/nothing"), client.post("/healthz"), client.get("/api/auth/me")):
        assert answer.json is not None
        assert set(answer.json) == {"code", "status", "message", "errors", "request_id"}
        assert answer.json["code"] == answer.status_code


def test_an_unforeseen_error_tells_nothing_of_itself(
    make_app: Callable[..., Flask], caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app()

    @app.route("/boom")
    def boom() -> str:
        raise RuntimeError("a secret")

    app.testing = False
    answer = app.test_client().get("/boom")
    assert answer.status_code == 500
    assert b"secret" not in answer.data
    assert "a secret" in caplog.text
