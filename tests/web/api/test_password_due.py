"""A password that an admin has set: known to two people, so that nothing else is possible before it is changed."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_jwt_extended import create_access_token

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services import rights
from downloads_app.services.accounts import tokens, users
from downloads_app.services.live.snapshot import Snapshot
from tests.conftest import PASSWORD, bearer
from tests.support.routes import OPEN_TO_ALL, all_routes
from tests.support.snapshots import encode, make_engine

USERS, ME, CHANGE = "/api/users", "/api/auth/me", "/api/auth/password"
GIVEN, OWN = "given by the admin", "chosen by nobody else"
OPEN_WHILE_DUE = {("GET", ME), ("PUT", CHANGE), ("POST", "/api/auth/logout")}


def sign_in(client: FlaskClient, name: str, password: str) -> dict[str, str]:
    answer = client.post("/api/auth/login", json={"username": name, "password": password})
    assert answer.status_code == 200, answer.json
    return {"Authorization": f"Bearer {answer.json['access_token']}"}


@pytest.fixture(params=["created", "changed"])
def headers(request: pytest.FixtureRequest, client: FlaskClient, admin: User) -> dict[str, str]:
    """Carol's, an admin too, whose password another admin has set."""
    body = {"username": "carol", "password": PASSWORD, "role": "admin"}
    made = client.post(USERS, json=body, headers=bearer(admin))
    assert made.status_code == 201
    if request.param == "created":
        return sign_in(client, "carol", PASSWORD)
    users.set_password(users.find_user("carol"), OWN)
    one = f"{USERS}/{made.json['id']}"
    assert client.patch(one, json={"password": GIVEN}, headers=bearer(admin)).status_code == 200
    return sign_in(client, "carol", GIVEN)


def test_until_it_is_changed_every_other_route_is_closed_and_says_why(
    app: Flask, client: FlaskClient, headers: dict[str, str]
) -> None:
    assert client.get(ME, headers=headers).json["must_change_password"] is True
    for route in all_routes(app):
        if route.rule in OPEN_TO_ALL or (route.method, route.rule) in OPEN_WHILE_DUE | {("POST", "/api/auth/refresh")}:
            continue
        refused = client.open(route.path, method=route.method, json={}, headers=headers)
        assert (refused.status_code, refused.json["message"]) == (403, rights.CHANGE_DUE), route


def test_a_refresh_waits_for_the_change_too(client: FlaskClient, headers: dict[str, str]) -> None:
    family = tokens.identify(current_settings(), headers["Authorization"].removeprefix("Bearer ")).family
    pair = tokens.issue_pair(current_settings(), users.find_user("carol"), family)
    refused = client.post("/api/auth/refresh", headers={"Authorization": f"Bearer {pair.refresh}"})
    assert (refused.status_code, refused.json["message"]) == (403, rights.CHANGE_DUE)


def test_once_it_is_changed_everything_is_open(client: FlaskClient, headers: dict[str, str]) -> None:
    for current in (PASSWORD, GIVEN):
        client.put(CHANGE, json={"current_password": current, "new_password": "my very own words"}, headers=headers)
    headers = sign_in(client, "carol", "my very own words")
    assert client.get(ME, headers=headers).json["must_change_password"] is False
    assert client.get(USERS, headers=headers).status_code == 200
    stream = client.get("/api/downloads/subscribe", headers=headers)
    assert stream.status_code == 200
    stream.close()


def test_it_can_be_signed_out_of(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.post("/api/auth/logout", headers=headers).status_code == 204
    assert client.get(ME, headers=headers).status_code == 401


def test_a_password_from_the_command_line_is_nobody_elses_word(client: FlaskClient, alice: User) -> None:
    """Whoever has a shell on the server may hand it over as they like."""
    assert client.get(ME, headers=bearer(alice)).json["must_change_password"] is False


@pytest.mark.parametrize("password", ["short", "password123", "carol.smith", "x" * 201])
def test_the_rules_hold_wherever_a_password_is_set(
    client: FlaskClient, alice: User, admin: User, password: str
) -> None:
    own_name = password.replace("carol.smith", "alice")
    asked = (
        ("POST", USERS, {"username": "carol.smith", "password": password}, admin),
        ("PATCH", f"{USERS}/{alice.id}", {"password": password.replace("carol.smith", "alicealice")}, admin),
        (
            "PUT",
            CHANGE,
            {"current_password": PASSWORD, "new_password": own_name},
            alice,
        ),
    )
    for method, path, body, user in asked:
        refused = client.open(path, method=method, json=body, headers=bearer(user))
        assert refused.status_code == 422, (path, refused.json)
        assert "password" in str(refused.json["errors"])
    assert client.get(ME, headers=bearer(alice)).status_code == 200
    sign_in(client, "alice", PASSWORD)


def test_an_open_stream_of_a_plain_token_ends_with_the_admins_change(
    app: Flask, admin: User, alice: User, make_user: Callable[..., User]
) -> None:
    snapshot = Snapshot(lambda: make_engine(app), encode, start=lambda target: None)
    try:
        watch = snapshot.watch(tokens.verify(current_settings(), create_access_token(identity=alice.id)))
        snapshot.refresh()
        assert watch.verdict is None
        users.set_password_hash(alice.id, alice.password_hash, must_change=True)
        snapshot.refresh()
        assert watch.verdict == rights.REVOKED
        later = snapshot.watch(
            tokens.verify(current_settings(), tokens.issue_access(current_settings(), users.find_user("alice")))
        )
        snapshot.refresh()
        assert later.verdict == rights.CHANGE_DUE
    finally:
        snapshot._close()
