"""Rows of other users, asked for by every argument that takes an id or a name: they do not exist."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import ApiKey, Download, Status, User
from downloads_app.services.accounts import keys, sign_ins, tokens
from downloads_app.services.audit import NOBODY
from tests.conftest import bearer
from tests.web.api.calling import add_download, add_provider, add_repository

MISSING: tuple[tuple[str, str, Any], ...] = (
    ("GET", "/api/auth/sessions?user_id={user}", None),
    ("DELETE", "/api/auth/sessions?user_id={user}", None),
    ("DELETE", "/api/auth/sessions/{session}", None),
    ("DELETE", "/api/auth/sessions/{session}?user_id={user}", None),
    ("DELETE", "/api/keys/{key}", None),
    ("GET", "/api/usage?user_id={user}", None),
    ("POST", "/api/downloads", {"repository_id": "{repository}"}),
    ("POST", "/api/downloads/plan", {"repository_id": "{repository}"}),
)
EMPTY = (
    "/api/auth/sessions?id={session}",
    "/api/keys?id={key}",
    "/api/downloads?id={download}",
    "/api/downloads?user_id={user}",
    "/api/downloads?provider_id={provider}",
    "/api/downloads?repository_id={repository}",
    "/api/downloads?search=secret",
    "/api/repositories?id={repository}",
    "/api/repositories?provider_id={provider}",
    "/api/repositories?name=org/secret",
    "/api/repositories?search=secret",
)
"""Lists that are empty, as they are for ids of nothing."""


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Rights are the same on both kinds of database."""
    return sqlite_url


@pytest.fixture
def ids(alice: User) -> dict[str, str]:
    """All that Alice has."""
    repository = add_repository(add_provider(), "org/secret")
    download = add_download(alice, repository, status=Status.COMPLETED)
    pair = sign_ins.begin(current_settings(), alice.id, alice.password_hash)
    return {
        "user": alice.id,
        "session": tokens.verify(current_settings(), pair.access).family,
        "key": keys.create_key(alice.id, "ci", ["read"], by=NOBODY)[0].id,
        "download": download.id,
        "repository": repository.id,
        "provider": repository.provider_id,
    }


def headers_of(bob: User, by_key: bool) -> dict[str, str]:
    if not by_key:
        return bearer(bob)
    return {"Authorization": f"Bearer {keys.create_key(bob.id, 'ci', keys.SCOPES, by=NOBODY)[1]}"}


@pytest.mark.parametrize(("method", "path", "body"), MISSING, ids=lambda part: part if isinstance(part, str) else "")
def test_what_is_somebody_elses_is_not_found(
    client: FlaskClient, bob: User, ids: dict[str, str], method: str, path: str, body: dict[str, str] | None
) -> None:
    sent = {name: value.format(**ids) for name, value in body.items()} if body else None
    answer = client.open(path.format(**ids), method=method, json=sent, headers=bearer(bob))
    assert answer.status_code == 404
    for told in ("alice", "secret"):
        assert told not in answer.text
    assert db.session.get(ApiKey, ids["key"]) is not None
    assert db.session.scalar(db.select(db.func.count()).select_from(Download)) == 1


@pytest.mark.parametrize("by_key", [False, True], ids=["token", "key"])
@pytest.mark.parametrize("path", EMPTY)
def test_no_filter_leads_to_what_is_somebody_elses(
    client: FlaskClient, bob: User, ids: dict[str, str], path: str, by_key: bool
) -> None:
    if by_key and ("/keys" in path or "/sessions" in path):
        path = "/api/downloads?id={download}"  # no key opens those
    answer = client.get(path.format(**ids), headers=headers_of(bob, by_key))
    assert (answer.status_code, answer.json) == (200, [])
    assert '"total": 0' in answer.headers["X-Pagination"]


def test_nobody_learns_by_adding_whether_a_name_is_a_users(client: FlaskClient, bob: User, ids: dict[str, str]) -> None:
    for name in ("alice", "nobody-here"):
        body = {"provider": "hub", "repository": "org/x", "username": name}
        answer = client.post("/api/downloads", json=body, headers=bearer(bob))
        assert (answer.status_code, answer.json["message"]) == (403, "Only an admin may add downloads for others")
