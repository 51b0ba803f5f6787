"""An answer that is given again goes to whoever may still have it; a refusal of before does not outlive its reason."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import KeyedRequest, User
from downloads_app.services.accounts import keys, users
from downloads_app.services.audit import NOBODY
from tests.conftest import PASSWORD, bearer
from tests.web.api.calling import add_provider

USERS, DOWNLOADS = "/api/users", "/api/downloads"


def send(client: FlaskClient, user: User, path: str, body: dict[str, Any]) -> TestResponse:
    return client.post(path, json=body, headers=bearer(user) | {"Idempotency-Key": "once"})


def add_carol(client: FlaskClient, user: User) -> TestResponse:
    return send(client, user, USERS, {"username": "carol", "password": PASSWORD})


def set_role(user: User, is_admin: bool) -> None:
    users.set_admin(db.session.get_one(User, user.id), is_admin)


def test_an_admin_who_is_none_any_more_gets_no_answer_of_before(
    client: FlaskClient, admin: User, make_user: Callable[..., User]
) -> None:
    make_user("second", is_admin=True)
    assert add_carol(client, admin).status_code == 201
    set_role(admin, False)
    refused = add_carol(client, admin)
    assert (refused.status_code, "carol" in refused.text) == (403, False)
    set_role(admin, True)
    again = add_carol(client, admin)
    assert (again.status_code, again.headers.get("Idempotent-Replayed")) == (201, "true")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (USERS, {"username": "carol", "password": PASSWORD}),
        ("/api/providers", {"name": "more", "kind": "http", "url": "http://127.0.0.1:1/", "token": "sesame"}),
        (DOWNLOADS, {"provider": "hub", "repository": "org/model"}),
    ],
)
def test_whatever_is_created_is_created_once(client: FlaskClient, admin: User, path: str, body: dict[str, Any]) -> None:
    add_provider()
    first, again, without = send(client, admin, path, body), send(client, admin, path, body), bearer(admin)
    assert first.status_code in (201, 202)
    assert (again.status_code, again.data) == (first.status_code, first.data)
    assert client.post(path, json=body, headers=without).status_code == 409
    stored = db.session.execute(select(KeyedRequest.__table__)).all()
    assert not [secret for secret in (PASSWORD, "sesame") if secret in repr(stored)]


def test_an_api_key_is_never_kept_to_be_shown_again(client: FlaskClient, alice: User) -> None:
    first, again = (send(client, alice, "/api/keys", {"name": "ci"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json["key"] != again.json["key"]
    assert db.session.scalar(select(func.count()).select_from(KeyedRequest)) == 0


def test_a_refusal_for_the_role_is_not_given_to_an_admin(client: FlaskClient, alice: User) -> None:
    assert add_carol(client, alice).status_code == 403
    set_role(alice, True)
    assert add_carol(client, alice).status_code == 201


def test_a_refusal_for_the_role_within_a_route_is_not_kept(client: FlaskClient, alice: User, bob: User) -> None:
    add_provider()
    body = {"provider": "hub", "repository": "org/model", "username": "bob"}
    assert send(client, alice, DOWNLOADS, body).status_code == 403
    set_role(alice, True)
    assert send(client, alice, DOWNLOADS, body).status_code == 202


def test_what_an_admin_got_from_within_a_route_goes_to_no_one_else(
    client: FlaskClient, admin: User, bob: User, make_user: Callable[..., User]
) -> None:
    """Neither to them when they are none any more, nor to their API key: both are users."""
    make_user("second", is_admin=True)
    add_provider()
    body = {"provider": "hub", "repository": "org/model", "username": "bob"}
    first = send(client, admin, DOWNLOADS, body)
    assert (first.status_code, first.json["username"]) == (202, "bob")
    key = keys.create_key(admin.id, "ci", ["write"], by=NOBODY)[1]
    by_key = {"Authorization": f"Bearer {key}", "Idempotency-Key": "once"}
    set_role(admin, False)
    for headers in (by_key, bearer(admin) | {"Idempotency-Key": "once"}):
        refused = client.post(DOWNLOADS, json=body, headers=headers)
        assert (refused.status_code, "Idempotent-Replayed" in refused.headers) == (403, False)
        assert first.json["id"] not in refused.text
    set_role(admin, True)
    assert client.post(DOWNLOADS, json=body, headers=by_key).status_code == 403
    assert send(client, admin, DOWNLOADS, body).data == first.data


def test_a_user_who_becomes_an_admin_gets_their_first_answer_again(client: FlaskClient, alice: User) -> None:
    add_provider()
    body = {"provider": "hub", "repository": "org/model"}
    first = send(client, alice, DOWNLOADS, body)
    set_role(alice, True)
    again = send(client, alice, DOWNLOADS, body)
    assert (again.status_code, again.data) == (202, first.data)


@pytest.mark.parametrize(("keeps_the_key_of_before", "code"), [(True, 202), (False, 422)])
def test_a_request_is_known_again_after_the_signing_key_has_changed(
    make_app: Callable[..., Flask], client: FlaskClient, alice: User, keeps_the_key_of_before: bool, code: int
) -> None:
    add_provider()
    body = {"provider": "hub", "repository": "org/model"}
    first = send(client, alice, DOWNLOADS, body)
    of_before = current_settings().jwt_secret_key if keeps_the_key_of_before else "x" * 32
    rotated = make_app(jwt_secret_key="n" * 32, previous_jwt_secret_keys=("o" * 32, of_before))
    with rotated.app_context():
        again = send(rotated.test_client(), db.session.get_one(User, alice.id), DOWNLOADS, body)
    assert (first.status_code, again.status_code) == (202, code)
    assert (again.data == first.data) is keeps_the_key_of_before
