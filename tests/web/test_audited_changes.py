"""Every change over REST is in the audit: who, what, which object, from where. A missing route fails the test."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Act, AuditEntry, Status, User
from downloads_app.services.accounts import keys, sign_ins, tokens
from downloads_app.services.audit import NOBODY
from tests.conftest import PASSWORD, bearer
from tests.support.routes import ON_ALL_ROUTES, ON_ONE_DATABASE, all_routes
from tests.web.api.calling import add_download, add_provider, add_repository

pytestmark = [ON_ALL_ROUTES, ON_ONE_DATABASE]

PLACE = "192.0.2.77"
PROVIDER = {"kind": "http", "url": "http://127.0.0.1:1/"}
OTHERS_PASSWORD = "a passphrase of theirs"


@dataclass(frozen=True)
class Change:
    """A request that changes something, and what the audit says of it."""

    act: Act
    object_type: str
    by: str = "alice"
    body: Any = None
    status: int = 200
    about: str | None = "alice"
    name: str | None = None
    """The object's."""
    before: Status = Status.PENDING
    """How the download stands."""


def admins(act: Act, object_type: str, body: Any = None, status: int = 200, **more: Any) -> Change:
    return Change(act, object_type, "root-admin", body, status, **{"about": None, **more})


ONE_DOWNLOAD, ONE_USER = "/api/downloads/<uuid:download_id>", "/api/users/<uuid:user_id>"
ONE_PROVIDER = "/api/providers/<uuid:provider_id>"
MODEL = "org/model"
CHANGES: dict[str, Change] = {
    "POST /api/auth/login": Change(Act.SIGNED_IN, "session", body={"username": "alice", "password": PASSWORD}),
    "POST /api/auth/logout": Change(Act.SESSION_ENDED, "session", status=204),
    "PUT /api/auth/password": Change(
        Act.PASSWORD_CHANGED,
        "user",
        body={"current_password": PASSWORD, "new_password": "quite another passphrase"},
        status=204,
        name="alice",
    ),
    "DELETE /api/auth/sessions": Change(Act.SESSION_ENDED, "session", status=204),
    "DELETE /api/auth/sessions/<string:session_id>": Change(Act.SESSION_ENDED, "session", status=204),
    "POST /api/keys": Change(Act.KEY_CREATED, "key", body={"name": "ci"}, status=201, name="ci"),
    "DELETE /api/keys/<uuid:key_id>": Change(Act.KEY_REVOKED, "key", status=204, name="programs"),
    "POST /api/users": admins(
        Act.USER_CREATED, "user", {"username": "carol", "password": OTHERS_PASSWORD}, 201, about="carol", name="carol"
    ),
    f"PATCH {ONE_USER}": admins(Act.USER_QUOTA_SET, "user", {"quota_bytes": 5}, about="alice", name="alice"),
    f"DELETE {ONE_USER}": admins(Act.USER_DELETED, "user", status=204, about="alice", name="alice"),
    "PATCH /api/queue": admins(Act.QUEUE_PAUSED, "queue", {"paused": True}),
    "POST /api/providers": admins(Act.PROVIDER_ADDED, "provider", {"name": "more", **PROVIDER}, 201, name="more"),
    f"PATCH {ONE_PROVIDER}": admins(Act.PROVIDER_CHANGED, "provider", {"max_connections": 2}, name="hub"),
    f"DELETE {ONE_PROVIDER}": admins(Act.PROVIDER_REMOVED, "provider", status=204, name="hub", before=Status.CANCELLED),
    "POST /api/providers/test": admins(
        Act.PROVIDER_TESTED, "provider", {"name": "draft", **PROVIDER}, 424, name="draft"
    ),
    f"POST {ONE_PROVIDER}/test": admins(Act.PROVIDER_TESTED, "provider", status=424, name="hub"),
    "POST /api/downloads": Change(
        Act.DOWNLOAD_ADDED, "download", body={"provider": "hub", "repository": "org/new"}, status=202, name="org/new"
    ),
    f"PATCH {ONE_DOWNLOAD}": Change(Act.DOWNLOAD_PRIORITY_SET, "download", body={"priority": 3}, name=MODEL),
    f"DELETE {ONE_DOWNLOAD}": Change(Act.DOWNLOAD_DELETED, "download", status=204, before=Status.FAILED, name=MODEL),
    f"POST {ONE_DOWNLOAD}/pause": Change(Act.DOWNLOAD_PAUSED, "download", name=MODEL),
    f"POST {ONE_DOWNLOAD}/resume": Change(Act.DOWNLOAD_RESUMED, "download", before=Status.PAUSED, name=MODEL),
    f"POST {ONE_DOWNLOAD}/cancel": Change(Act.DOWNLOAD_CANCELLED, "download", name=MODEL),
    f"POST {ONE_DOWNLOAD}/retry": Change(Act.DOWNLOAD_RETRIED, "download", before=Status.FAILED, name=MODEL),
}
CHANGES_NOTHING = {"POST /api/downloads/plan", "POST /api/auth/refresh"}
"""A refresh goes on with a sign-in that is noted; its end is noted if a refresh token comes a second time."""
FOR_ADMINS = [name for name, change in CHANGES.items() if change.by == "root-admin"]


@pytest.fixture
def ask(app: Flask, alice: User, admin: User, request: pytest.FixtureRequest) -> Callable[..., int]:
    """Send the request of a route as one of two users, with rows for all that it names; forget what made these."""
    name: str = request.getfixturevalue("name")
    download = add_download(alice, add_repository(add_provider(allow_private_network=True)))
    download.status = CHANGES[name].before
    other = sign_ins.begin(current_settings(), alice.id, alice.password_hash).access
    ids = {
        "<uuid:download_id>": download.id,
        "<uuid:user_id>": alice.id,
        "<uuid:provider_id>": download.provider_id,
        "<uuid:key_id>": keys.create_key(alice.id, "programs", ["read"], by=NOBODY)[0].id,
        "<string:session_id>": tokens.verify(current_settings(), other).family,
    }
    db.session.execute(delete(AuditEntry))
    db.session.commit()
    headers = {user.username: bearer(user) for user in (alice, admin)}

    def send(by: str, **more: str) -> int:
        method, _, path = name.partition(" ")
        for argument, value in ids.items():
            path = path.replace(argument, value)
        open_to_all = "login" in path
        sent = {} if open_to_all else {**headers[by], **more}
        client: FlaskClient = app.test_client(use_cookies=False)
        options: dict[str, Any] = {"headers": sent, "environ_base": {"REMOTE_ADDR": PLACE}}
        return client.open(path, method=method, json=CHANGES[name].body, **options).status_code

    return send


def newest() -> AuditEntry:
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.at.desc(), AuditEntry.id)).all()
    assert len(entries) == 1, [entry.action for entry in entries]
    return entries[0]


def test_the_table_names_every_route_that_changes_something(app: Flask) -> None:
    names = {f"{route.method} {route.rule}" for route in all_routes(app) if route.method != "GET"}
    assert names == CHANGES.keys() | CHANGES_NOTHING


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_says_who_what_which_object_and_from_where(name: str, ask: Callable[..., int]) -> None:
    change = CHANGES[name]
    assert ask(change.by) == change.status
    entry = newest()
    assert (entry.action, entry.actor, entry.succeeded) == (change.act, change.by, change.status != 424)
    assert entry.actor_id is not None
    assert (entry.username, entry.object_type, entry.object_name) == (change.about, change.object_type, change.name)
    assert entry.address == PLACE


@pytest.mark.parametrize("name", FOR_ADMINS)
def test_a_change_that_is_for_admins_is_noted_when_it_is_refused(name: str, ask: Callable[..., int]) -> None:
    assert [ask("alice"), ask("alice")] == [403, 403]
    entry = newest()
    assert (entry.action, entry.succeeded, entry.actor, entry.count) == (Act.REFUSED, False, "alice", 2)
    assert (entry.object_type, entry.object_name, entry.address) == ("route", name, PLACE)


@pytest.mark.parametrize("name", ["POST /api/keys", "PUT /api/auth/password", f"DELETE {ONE_USER}"])
def test_what_no_key_may_do_is_noted_with_the_keys_name(name: str, ask: Callable[..., int], alice: User) -> None:
    raw = keys.create_key(alice.id, "stolen", by=NOBODY, scopes=keys.SCOPES)[1]
    db.session.execute(delete(AuditEntry))
    db.session.commit()
    assert ask("alice", Authorization=f"Bearer {raw}") == 403
    entry = newest()
    assert (entry.action, entry.actor, entry.key, entry.object_name) == (Act.REFUSED, "alice", "stolen", name)


@pytest.mark.parametrize("name", [f"POST {ONE_DOWNLOAD}/pause"])
def test_a_change_by_a_key_tells_the_keys_name(name: str, ask: Callable[..., int], alice: User) -> None:
    raw = keys.create_key(alice.id, "ci", ["write"], by=NOBODY)[1]
    db.session.execute(delete(AuditEntry))
    db.session.commit()
    assert ask("alice", Authorization=f"Bearer {raw}") == 200
    assert (newest().actor, newest().key) == ("alice", "ci")
