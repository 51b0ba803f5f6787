"""`/api/keys`, and what a key opens."""

import json
import logging
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import ApiKey, User, utc_now
from downloads_app.services.accounts import keys, sign_ins
from downloads_app.services.audit import NOBODY
from tests.conftest import PASSWORD, bearer
from tests.support.downloading import add_downloads, add_provider
from tests.support.rows import add_download
from tests.web.api.calling import NOBODYS_ID

KEYS, ME, LIST = "/api/keys", "/api/auth/me", "/api/downloads"


def by(raw: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {raw}"}


def key_of(user: User, *scopes: str) -> str:
    return keys.create_key(user.id, "ci", scopes or keys.SCOPES, by=NOBODY)[1]


def test_a_key_is_made_shown_once_listed_and_revoked(client: FlaskClient, alice: User, bob: User) -> None:
    tomorrow = (utc_now() + timedelta(days=1)).replace(microsecond=0)
    body = {"name": "ci", "scopes": ["read"], "expires_at": tomorrow.isoformat()}
    made = client.post(KEYS, json=body, headers=bearer(alice))
    assert made.status_code == 201
    raw = made.json.pop("key")
    assert made.headers["Location"] == f"{KEYS}/{made.json['id']}"
    assert made.json["expires_at"] == f"{tomorrow:%Y-%m-%dT%H:%M:%SZ}"
    assert (made.json["name"], made.json["scopes"], made.json["hint"]) == ("ci", ["read"], raw[:8])
    assert (made.json["username"], made.json["last_used_at"]) == ("alice", None)
    assert client.get(ME, headers=by(raw)).json["username"] == "alice"
    assert client.get(ME, headers=by("hf_dla" + raw[4:])).status_code == 200
    listed = client.get(KEYS, headers=bearer(alice)).json[0]
    assert listed | {"last_used_at": None} == {name: made.json[name] for name in listed}
    assert listed["last_used_at"] is not None
    assert client.get(KEYS, headers=bearer(bob)).json == []
    assert client.delete(made.headers["Location"], headers=bearer(bob)).status_code == 404
    assert client.delete(made.headers["Location"], headers=bearer(alice)).status_code == 204
    assert client.delete(made.headers["Location"], headers=bearer(alice)).status_code == 404
    refused = client.get(ME, headers=by(raw))
    assert (refused.status_code, refused.json["message"]) == (401, "This API key does not exist, or was revoked")


def test_both_scopes_and_no_end_are_the_default(client: FlaskClient, alice: User) -> None:
    made = client.post(KEYS, json={"name": "ci"}, headers=bearer(alice)).json
    assert (made["scopes"], made["expires_at"]) == (["read", "write"], None)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x" * 81},
        {"name": "ci", "scopes": []},
        {"name": "ci", "scopes": ["admin"]},
        {"name": "ci", "scopes": "read"},
        {"name": "ci", "expires_at": "2020-01-01T00:00:00Z"},
        {"name": "ci", "expires_at": "soon"},
        {"name": "ci", "expires_at": "9999-12-31T23:59:59-14:00"},
        {"name": "ci", "key": "dla_mine"},
        {"name": "ci", "user_id": NOBODYS_ID},
    ],
)
def test_a_body_that_makes_no_key_is_refused(client: FlaskClient, alice: User, body: dict[str, object]) -> None:
    assert client.post(KEYS, json=body, headers=bearer(alice)).status_code == 422
    assert db.session.scalars(select(ApiKey)).all() == []


def test_scopes_open_what_they_say_and_nothing_else(client: FlaskClient, alice: User) -> None:
    row = add_download(alice)
    one = f"{LIST}/{row.id}"
    reading, writing = by(key_of(alice, "read")), by(key_of(alice, "write"))
    for path in (LIST, one, ME, "/api/providers", "/api/usage"):
        assert client.get(path, headers=reading).status_code == 200, path
        assert client.head(path, headers=reading).status_code == 200, path
        refused = client.get(path, headers=writing)
        assert (refused.status_code, refused.json["message"]) == (403, "This API key has not the scope 'read'"), path
    for method, path, body in (
        ("POST", f"{LIST}/plan", {}),
        ("POST", LIST, {}),
        ("POST", f"{one}/pause", None),
        ("PATCH", one, {"priority": 3}),
        ("DELETE", one, None),
    ):
        refused = client.open(path, method=method, json=body, headers=reading)
        assert (refused.status_code, refused.json["message"]) == (403, "This API key has not the scope 'write'"), path
        opened = client.open(path, method=method, json=body, headers=writing)
        assert opened.status_code in (200, 204, 409, 422), path
    assert client.get("/api/downloads/subscribe", headers=writing).status_code == 403


MANAGED = [
    ("GET", KEYS),
    ("POST", KEYS),
    ("DELETE", f"{KEYS}/{NOBODYS_ID}"),
    ("PUT", "/api/auth/password"),
    ("POST", "/api/auth/refresh"),
    ("POST", "/api/auth/logout"),
    ("GET", "/api/auth/sessions"),
    ("DELETE", "/api/auth/sessions"),
    ("DELETE", "/api/auth/sessions/x"),
    ("GET", "/api/users"),
    ("POST", "/api/users"),
    ("PATCH", f"/api/users/{NOBODYS_ID}"),
    ("DELETE", f"/api/users/{NOBODYS_ID}"),
    ("POST", "/api/providers"),
    ("PATCH", f"/api/providers/{NOBODYS_ID}"),
    ("DELETE", f"/api/providers/{NOBODYS_ID}"),
    ("POST", f"/api/providers/{NOBODYS_ID}/test"),
    ("GET", "/api/audit"),
    ("GET", "/api/workers"),
]


@pytest.mark.parametrize(("method", "path"), MANAGED)
def test_no_key_manages_anything(client: FlaskClient, admin: User, method: str, path: str) -> None:
    refused = client.open(path, method=method, json={}, headers=by(key_of(admin)))
    assert refused.status_code == 403
    assert "No key manages" in refused.json["message"]


def test_an_admins_key_sees_what_its_owner_would_as_a_regular_user(
    client: FlaskClient, admin: User, alice: User
) -> None:
    add_downloads(admin, add_provider(), "org/mine")
    (theirs,) = add_downloads(alice, add_provider("second"), "org/theirs")
    headers = by(key_of(admin))
    assert [row["repository"] for row in client.get(LIST, headers=headers).json] == ["org/mine"]
    assert not client.get(LIST, headers=headers).json[0]["path"].startswith("/")
    assert client.get(f"{LIST}?user_id={alice.id}", headers=headers).json == []
    for method, path in (
        ("GET", f"{LIST}/{theirs.id}"),
        ("GET", f"{LIST}/{theirs.id}/files"),
        ("GET", f"{LIST}/{theirs.id}/events"),
        ("GET", f"{LIST}/{theirs.id}/files/a"),
        ("POST", f"{LIST}/{theirs.id}/cancel"),
        ("DELETE", f"{LIST}/{theirs.id}"),
        ("GET", f"/api/usage?user_id={alice.id}"),
        ("GET", f"/api/repositories/{theirs.repository_id}"),
        ("GET", f"/api/repositories/{theirs.repository_id}/files"),
    ):
        assert client.open(path, method=method, headers=headers).status_code == 404, path
    assert [row["name"] for row in client.get("/api/repositories", headers=headers).json] == ["org/mine"]
    for other in ({"username": "alice"}, {"username": "nobody"}):
        body = {"provider": "second", "repository": "org/x", **other}
        assert client.post(LIST, json=body, headers=headers).status_code == 403
    assert all(row["ca_file"] is None for row in client.get("/api/providers", headers=headers).json)


def test_a_key_is_taken_from_the_header_alone(
    client: FlaskClient, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    raw = key_of(alice)
    caplog.set_level(logging.DEBUG)
    for where in (f"{ME}?key={raw}", f"{ME}?access_token={raw}", f"{ME}?jwt={raw}"):
        assert client.get(where).status_code == 401
    for header in (f"Basic {raw}", f"Token {raw}", raw, f"Bearer {raw} x", f"Bearer {raw.upper()}"):
        assert client.get(ME, headers={"Authorization": header}).status_code == 401, header
    assert client.get(ME, headers={"X-API-Key": raw}).status_code == 401
    pair = sign_ins.begin(current_settings(), alice.id, alice.password_hash)
    client.set_cookie("access_token_cookie", raw)
    client.set_cookie("refresh_token_cookie", raw, path="/api/auth/refresh")
    assert client.get(ME).status_code == 401
    assert client.post("/api/auth/refresh").status_code == 401
    assert client.get(ME, headers=by(pair.access)).status_code == 200
    client.set_cookie("access_token_cookie", pair.access)
    assert client.get(ME, headers=by(raw[:-1])).status_code == 401  # the header decides, also if it is bad
    assert raw[8:] not in caplog.text


def test_a_key_needs_no_csrf_value_and_lends_none_to_a_cookie(client: FlaskClient, alice: User) -> None:
    one = f"{LIST}/{add_download(alice).id}"
    client.post("/api/auth/login", json={"username": "alice", "password": PASSWORD, "cookies": True})
    assert client.patch(one, json={"priority": 1}).status_code == 401
    assert client.patch(one, json={"priority": 1}, headers=by(key_of(alice))).status_code == 200
    assert client.patch(one, json={"priority": 1}, headers=by(key_of(alice, "read"))).status_code == 403


def test_a_disabled_user_and_one_whose_password_is_due_have_no_use_of_keys(
    client: FlaskClient, alice: User, admin: User
) -> None:
    headers = by(key_of(alice))
    one = f"/api/users/{alice.id}"
    client.patch(one, json={"password": "somebody else knows it"}, headers=bearer(admin))
    assert client.get(LIST, headers=headers).status_code == 403
    client.patch(one, json={"disabled": True}, headers=bearer(admin))
    assert client.get(LIST, headers=headers).status_code == 401
    client.patch(one, json={"disabled": False}, headers=bearer(admin))
    assert client.get(LIST, headers=headers).status_code == 401


def test_a_list_of_keys_is_paged(client: FlaskClient, alice: User) -> None:
    for number in range(5):
        keys.create_key(alice.id, f"k{number}", ["read"], by=NOBODY)
    first = client.get(f"{KEYS}?page_size=3", headers=bearer(alice))
    cursor = json.loads(first.headers["X-Pagination"])["next_cursor"]
    rest = client.get(f"{KEYS}?page_size=3&cursor={cursor}", headers=bearer(alice))
    assert [key["name"] for answer in (first, rest) for key in answer.json] == ["k4", "k3", "k2", "k1", "k0"]


def test_a_full_house_of_keys_is_named(client: FlaskClient, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MAX_KEYS", 1)
    key_of(alice)
    refused = client.post(KEYS, json={"name": "ci"}, headers=bearer(alice))
    assert (refused.status_code, "1 API keys are the most" in refused.json["message"]) == (409, True)


def test_while_the_database_cannot_be_read_a_key_is_told_to_come_back(
    app: Flask, client: FlaskClient, alice: User
) -> None:
    raw = key_of(alice)
    db.session.execute(db.text("ALTER TABLE api_keys RENAME TO hidden"))
    db.session.commit()
    for path in (LIST, "/api/downloads/subscribe"):
        answer = client.get(path, headers=by(raw))
        assert (answer.status_code, answer.headers["Retry-After"].isdigit()) == (503, True)
        assert client.get(path, headers=by(raw[:-1] + ("0" if raw[-1] != "0" else "1"))).status_code == 401
    db.session.rollback()
    db.session.execute(db.text("ALTER TABLE hidden RENAME TO api_keys"))
    db.session.commit()
    assert client.get(LIST, headers=by(raw)).status_code == 200
