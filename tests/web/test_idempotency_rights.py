"""An answer that is given again goes to whoever may still have it; a refusal of before does not outlive its reason."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import User
from downloads_app.services.accounts import users
from tests.conftest import PASSWORD, bearer
from tests.web.api.calling import add_provider

USERS = "/api/users"


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


def test_a_refusal_for_the_role_is_not_given_to_an_admin(client: FlaskClient, alice: User) -> None:
    assert add_carol(client, alice).status_code == 403
    set_role(alice, True)
    assert add_carol(client, alice).status_code == 201


def test_a_refusal_for_the_role_within_a_route_is_not_kept(client: FlaskClient, alice: User, bob: User) -> None:
    add_provider()
    body = {"provider": "hub", "repository": "org/model", "username": "bob"}
    assert send(client, alice, "/api/downloads", body).status_code == 403
    set_role(alice, True)
    assert send(client, alice, "/api/downloads", body).status_code == 202


@pytest.mark.parametrize(("keeps_the_key_of_before", "code"), [(True, 202), (False, 422)])
def test_a_request_is_known_again_after_the_signing_key_has_changed(
    make_app: Callable[..., Flask], client: FlaskClient, alice: User, keeps_the_key_of_before: bool, code: int
) -> None:
    add_provider()
    body = {"provider": "hub", "repository": "org/model"}
    first = send(client, alice, "/api/downloads", body)
    of_before = current_settings().jwt_secret_key if keeps_the_key_of_before else "x" * 32
    rotated = make_app(jwt_secret_key="n" * 32, previous_jwt_secret_keys=("o" * 32, of_before))
    with rotated.app_context():
        again = send(rotated.test_client(), db.session.get_one(User, alice.id), "/api/downloads", body)
    assert (first.status_code, again.status_code) == (202, code)
    assert (again.data == first.data) is keeps_the_key_of_before
