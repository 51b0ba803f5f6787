"""Every route, asked by everybody: who gets what. A route that is not in the table fails the test."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, Status, User, utc_now
from downloads_app.services.accounts import keys, passwords, tokens, users
from downloads_app.services.audit import NOBODY as NO_ACTOR
from downloads_app.web.page.routes import VIEWS
from tests.conftest import PASSWORD, bearer
from tests.support.routes import NOBODYS_ID, ON_ALL_ROUTES, ON_ONE_DATABASE, Route, all_routes
from tests.web.api.calling import add_download, add_provider, add_repository

pytestmark = [ON_ALL_ROUTES, ON_ONE_DATABASE]

GOOD, DONE, TAKEN, NEW = 200, 204, 202, 201
NOBODY = ("nobody", "disabled", "expired", "revoked", "expired key", "revoked key")
"""Callers who get 401 wherever one has to sign in."""
Answers = tuple[int, int, int]
"""For the owner of what is asked for, for another user, and for an admin."""
ALL, OWN, ADMINS = (200, 200, 200), (200, 404, 200), (403, 403, 200)
OPEN: dict[str, int] = {
    **{f"GET {address}": 200 for address in VIEWS},
    "GET /api/docs": 200,
    "GET /api/openapi.json": 200,
    "GET /healthz": 200,
    "GET /readyz": 200,
    "GET /page-version": 200,
    "GET /metrics": 404,
    "GET /static/<path:filename>": 404,
    "POST /api/auth/login": 422,
    "GET /api/auth/oidc/login": 424,  # the identity provider does not answer
    "GET /api/auth/oidc/callback": 401,  # nobody has begun
}
"""What everybody gets, whoever they are."""
CLOSED: dict[str, Answers] = {
    "GET /api/auth/me": ALL,
    "PUT /api/auth/password": (403, 403, 403),  # the current password is wrong
    "POST /api/auth/logout": (204, 204, 204),
    "POST /api/auth/refresh": (401, 401, 401),  # an access token is none
    "GET /api/auth/sessions": ALL,
    "DELETE /api/auth/sessions": (204, 204, 204),
    "DELETE /api/auth/sessions/<string:session_id>": (404, 404, 404),
    "GET /api/keys": ALL,
    "POST /api/keys": (201, 201, 201),
    "DELETE /api/keys/<uuid:key_id>": (404, 404, 404),
    "GET /api/audit": ADMINS,
    "GET /api/limits": ADMINS,
    "GET /api/usage": ALL,
    "GET /api/users": ADMINS,
    "POST /api/users": (403, 403, 201),
    "GET /api/users/<uuid:user_id>": ADMINS,
    "PATCH /api/users/<uuid:user_id>": ADMINS,
    "DELETE /api/users/<uuid:user_id>": (403, 403, 204),
    "GET /api/workers": ADMINS,
    "GET /api/queue": ALL,
    "PATCH /api/queue": ADMINS,
    "GET /api/providers": ALL,
    "POST /api/providers": (403, 403, 201),
    "GET /api/providers/<uuid:provider_id>": ALL,
    "PATCH /api/providers/<uuid:provider_id>": ADMINS,
    "DELETE /api/providers/<uuid:provider_id>": (403, 403, 409),  # a download of it is active
    "POST /api/providers/test": (403, 403, 424),
    "POST /api/providers/<uuid:provider_id>/test": (403, 403, 424),  # nothing answers there
    "GET /api/providers/<uuid:provider_id>/search": (422, 422, 422),  # its kind has none
    "GET /api/providers/<uuid:provider_id>/files": (424, 424, 424),
    "GET /api/repositories": ALL,
    "GET /api/repositories/<uuid:repository_id>": OWN,
    "GET /api/repositories/<uuid:repository_id>/files": (424, 404, 424),
    "GET /api/downloads": ALL,
    "POST /api/downloads": (409, 202, 202),  # the owner has it already
    "POST /api/downloads/plan": (424, 424, 424),
    "GET /api/downloads/subscribe": ALL,
    "GET /api/downloads/<uuid:download_id>": OWN,
    "PATCH /api/downloads/<uuid:download_id>": OWN,
    "DELETE /api/downloads/<uuid:download_id>": (409, 404, 409),
    "POST /api/downloads/<uuid:download_id>/pause": OWN,
    "POST /api/downloads/<uuid:download_id>/resume": (409, 404, 409),
    "POST /api/downloads/<uuid:download_id>/cancel": OWN,
    "POST /api/downloads/<uuid:download_id>/retry": (409, 404, 409),
    "GET /api/downloads/space": ALL,
    "GET /api/downloads/<uuid:download_id>/speeds": OWN,
    "GET /api/downloads/<uuid:download_id>/events": OWN,
    "GET /api/downloads/<uuid:download_id>/files": OWN,
    "GET /api/downloads/<uuid:download_id>/files/<path:path>": (404, 404, 404),
}
NOT_BY_KEY = ("/api/auth/password", "/api/auth/sessions", "/api/auth/refresh", "/api/auth/logout", "/api/keys")
"""What no API key opens: it manages no passwords, sign-ins and keys, and is none of the tokens that can be ended."""
KEYS = {"reading key": ["read"], "writing key": ["write"]} | dict.fromkeys(NOBODY[-2:], keys.SCOPES)
"""The owner's, with their scopes."""
BODIES: dict[str, Any] = {
    "POST /api/keys": {"name": "ci"},
    "PUT /api/auth/password": {"current_password": "not this one", "new_password": "quite another passphrase"},
    "POST /api/users": {"username": "newcomer", "password": "a passphrase of theirs"},
    "PATCH /api/users/<uuid:user_id>": {"quota_bytes": 5},
    "PATCH /api/queue": {"paused": False},
    "POST /api/providers": {"name": "another", "kind": "http", "url": "http://127.0.0.1:1/"},
    "POST /api/providers/test": {"name": "draft", "kind": "http", "url": "http://127.0.0.1:1/"},
    "PATCH /api/providers/<uuid:provider_id>": {"max_connections": 2},
    "POST /api/downloads": {"provider": "hub", "repository": "org/model"},
    "POST /api/downloads/plan": {"provider": "hub", "repository": "org/model"},
    "PATCH /api/downloads/<uuid:download_id>": {"priority": 1},
}
QUERIES = {
    "GET /api/downloads/space": "id=00000000-0000-4000-8000-000000000000",
    "GET /api/providers/<uuid:provider_id>/search": "q=llama",
    "GET /api/providers/<uuid:provider_id>/files": "repository=org/model",
}


@dataclass
class World:
    """Everybody who may ask, and what is asked for."""

    headers: dict[str, dict[str, str]]
    ids: dict[str, str]


@pytest.fixture
def world(app: Flask, make_user: Callable[..., User]) -> World:
    settings = current_settings()
    people = {name: make_user(name, name == "admin") for name in ("owner", "other", "admin", "disabled", "victim")}
    headers = {name: bearer(people[name]) for name in ("owner", "other", "admin", "disabled")}
    users.set_disabled(people["disabled"], True)
    expired = tokens.issue_access(settings, people["owner"], expires_seconds=-3600)
    revoked = tokens.issue_access(settings, people["owner"])
    client = app.test_client()
    headers |= {"nobody": {}, "expired": {"Authorization": f"Bearer {expired}"}}
    headers["revoked"] = {"Authorization": f"Bearer {revoked}"}
    assert client.post("/api/auth/logout", headers=headers["revoked"]).status_code == 204
    provider = add_provider(allow_private_network=True)
    repository = add_repository(provider)
    download = add_download(people["owner"], repository, status=Status.PENDING)
    ids = {"user_id": people["victim"].id, "provider_id": provider.id, "repository_id": repository.id}
    for name, scopes in KEYS.items():
        made, key = keys.create_key(people["owner"].id, name, scopes, by=NO_ACTOR)
        headers[name] = {"Authorization": f"Bearer {key}"}
        if name == "expired key":
            made.expires_at = utc_now() - timedelta(seconds=1)
            db.session.commit()
        elif name == "revoked key":
            keys.revoke_key(made.id, None, by=NO_ACTOR)
    return World(headers, ids | {"download_id": download.id, "key_id": NOBODYS_ID})


def name_of(route: Route) -> str:
    return f"{route.method} {route.rule}"


def test_the_table_names_every_route_and_no_other(app: Flask) -> None:
    assert {name_of(route) for route in all_routes(app)} == OPEN.keys() | CLOSED.keys()


def ask(client: FlaskClient, world: World, route: Route, caller: str) -> int:
    """Ask in a savepoint's place: what was changed is put back, so that the next one finds the same."""
    name, path = name_of(route), route.rule
    for argument in ("download_id", "provider_id", "repository_id", "user_id", "key_id"):
        path = path.replace(f"<uuid:{argument}>", world.ids[argument])
    path = path.replace("<uuid:row>", NOBODYS_ID)
    path = path.replace("<string:session_id>", "none").replace("<path:path>", "none").replace("<path:filename>", "none")
    body = BODIES.get(name)
    query = QUERIES.get(name)
    address = path + (f"?{query}" if query else "")
    answer = client.open(address, method=route.method, json=body, headers=world.headers[caller])
    answer.close()
    return answer.status_code


def put_back(world: World) -> None:
    """Undo what a call may have changed."""
    db.session.rollback()
    kept = db.session.get_one(Download, world.ids["download_id"])
    kept.status, kept.priority = Status.PENDING, 0
    db.session.execute(db.delete(Download).where(Download.id != kept.id))
    db.session.commit()


@pytest.mark.parametrize("name", OPEN)
def test_what_is_open_is_open_to_all(app: Flask, client: FlaskClient, world: World, name: str) -> None:
    route = next(route for route in all_routes(app) if name_of(route) == name)
    got = {caller: ask(client, world, route, caller) for caller in world.headers}
    assert set(got.values()) == {OPEN[name]}, got


@pytest.mark.parametrize("name", CLOSED)
def test_everybody_gets_what_is_theirs(app: Flask, client: FlaskClient, world: World, name: str) -> None:
    route = next(route for route in all_routes(app) if name_of(route) == name)
    expected = dict(zip(("owner", "other", "admin"), CLOSED[name], strict=True))
    refused = dict.fromkeys(NOBODY, 401)
    if route.rule == "/api/auth/logout":
        refused = {"nobody": 401, "disabled": 204, "expired": 204, "revoked": 204}  # it needs no token that is good
        refused |= {"expired key": 403, "revoked key": 403}  # which is none
    got = {}
    for caller in (*refused, *expected):
        got[caller] = ask(client, world, route, caller)
        put_back(world)
    assert got == refused | expected


@pytest.mark.parametrize("name", CLOSED)
def test_a_key_opens_what_its_scope_says(app: Flask, client: FlaskClient, world: World, name: str) -> None:
    route = next(route for route in all_routes(app) if name_of(route) == name)
    opening = "reading key" if route.method == "GET" else "writing key"
    for caller in ("reading key", "writing key"):
        status = ask(client, world, route, caller)
        put_back(world)
        if route.rule.startswith(NOT_BY_KEY):
            assert status in (401, 403), caller
        else:
            assert status == (CLOSED[name][0] if caller == opening else 403), caller


def test_who_has_to_change_the_password_may_do_nothing_else(app: Flask, client: FlaskClient, world: World) -> None:
    hashed = passwords.hash_password(PASSWORD, "newcomer")
    due = users.add_user(current_settings().downloads_dir, "due", hashed, must_change=True)
    world.headers["due"] = bearer(due)
    allowed = {"GET /api/auth/me", "PUT /api/auth/password", "POST /api/auth/logout", "POST /api/auth/refresh"}
    for route in all_routes(app):
        if name_of(route) in CLOSED.keys() - allowed:
            assert ask(client, world, route, "due") == 403, route
