"""`/api/audit`: what is done over REST is written down, with who, which object and from where, and no secret."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from downloads_app.extensions import db
from downloads_app.models import AuditEntry, User
from downloads_app.services.accounts import attempts
from tests.conftest import PASSWORD, bearer
from tests.support.downloading import add_downloads, add_provider
from tests.support.file_server import FileServer

AUDIT, LOGIN = "/api/audit", "/api/auth/login"
NEW_PASSWORD = "another long password"
SECRETS = (PASSWORD, NEW_PASSWORD, "hunter2-typed-as-name", "sesame", "dla_")


@pytest.fixture
def asked(client: FlaskClient, admin: User, alice: User) -> Any:
    """Ask as the admin; what has made these users is not of interest."""
    headers = bearer(admin)
    db.session.execute(delete(AuditEntry))
    db.session.commit()

    def ask(method: str, path: str, body: Any = None, code: int | None = None) -> Any:
        answer = client.open(path, method=method, json=body, headers=headers)
        assert answer.status_code == (code or {"POST": 201, "DELETE": 204}.get(method, 200)), answer.text
        return answer.json if answer.data else None

    return ask


def acts(asked: Any, filters: str = "") -> list[tuple[Any, ...]]:
    """Return action, actor, whom it is about, object and detail, the oldest first; no entry holds a secret."""
    rows = asked("GET", f"{AUDIT}?sort=at{filters}")
    for row in db.session.execute(select(AuditEntry.__table__)).all():
        assert not [value for value in row for secret in SECRETS if secret in str(value)]
    return [(row["action"], row["actor"], row["username"], row["object_name"], row["detail"]) for row in rows]


def sign_in(client: FlaskClient, password: str = PASSWORD, name: str = "alice") -> Any:
    return client.post(LOGIN, json={"username": name, "password": password})


def test_sign_ins_are_written_down_whether_they_succeed_or_not(client: FlaskClient, alice: User, asked: Any) -> None:
    for _ in range(attempts.ACCOUNT_AND_ADDRESS_FAILURES):
        sign_in(client, "wrong")
    assert sign_in(client).status_code == 429
    sign_in(client, "wrong", name="hunter2-typed-as-name")
    client.environ_base["REMOTE_ADDR"] = "192.0.2.9"
    sign_in(client)
    rows = asked("GET", f"{AUDIT}?sort=at")
    shown = [(row["action"], row["actor"], row["username"], row["address"], row["count"]) for row in rows]
    assert shown == [
        ("sign_in_failed", None, "alice", "127.0.0.1", 5),
        ("sign_in_locked", None, "alice", "127.0.0.1", 1),
        ("sign_in_failed", None, None, "127.0.0.1", 1),
        ("signed_in", "alice", "alice", "192.0.2.9", 1),
    ]
    assert [row["succeeded"] for row in rows] == [False, False, False, True]
    assert acts(asked)[-1][3:] == (None, "with a password")


def test_what_becomes_of_a_session_and_a_password_is_written_down(client: FlaskClient, alice: User, asked: Any) -> None:
    first, second, third = (sign_in(client).json for _ in range(3))
    headers = {"Authorization": f"Bearer {first['access_token']}"}
    client.post("/api/auth/logout", headers={"Authorization": f"Bearer {second['access_token']}"})
    client.delete("/api/auth/sessions", headers=headers)
    asked("PATCH", f"/api/users/{alice.id}", {"password": NEW_PASSWORD})
    fourth = sign_in(client, NEW_PASSWORD).json
    body = {"current_password": NEW_PASSWORD, "new_password": "yet another long one"}
    changed = client.put("/api/auth/password", json=body, headers={"Authorization": f"Bearer {fourth['access_token']}"})
    assert (changed.status_code, bool(third)) == (204, True)
    assert [one[:3] + one[4:] for one in acts(asked) if one[0] != "signed_in"] == [
        ("session_ended", "alice", "alice", "signed out"),
        ("session_ended", "alice", "alice", None),
        ("password_set", "root-admin", "alice", None),
        ("password_changed", "alice", "alice", None),
    ]


def test_what_an_admin_does_to_users_is_written_down(asked: Any) -> None:
    made = asked("POST", "/api/users", {"username": "carol", "password": PASSWORD})
    one = f"/api/users/{made['id']}"
    for change in ({"role": "admin"}, {"role": "user"}, {"role": "user"}, {"quota_bytes": 5}, {"disabled": True}):
        asked("PATCH", one, change)
    asked("PATCH", one, {"disabled": False})
    asked("DELETE", one)
    assert [(act, actor, about, detail) for act, actor, about, _, detail in acts(asked)] == [
        ("user_created", "root-admin", "carol", "user"),
        ("user_promoted", "root-admin", "carol", None),
        ("user_demoted", "root-admin", "carol", None),
        ("user_quota_set", "root-admin", "carol", "5 bytes"),
        ("user_disabled", "root-admin", "carol", None),
        ("user_enabled", "root-admin", "carol", None),
        ("user_deleted", "root-admin", "carol", None),
    ]
    assert acts(asked, "&user=carol") == acts(asked)
    entry = asked("GET", AUDIT)[0]
    assert (entry["object_type"], entry["object_id"], entry["user_id"]) == ("user", made["id"], made["id"])
    assert entry["address"] == "127.0.0.1"


def test_what_is_refused_has_not_happened(asked: Any, admin: User) -> None:
    asked("PATCH", f"/api/users/{admin.id}", {"role": "user"}, 409)
    asked("POST", "/api/users", {"username": "root-admin", "password": PASSWORD}, 409)
    asked("POST", "/api/users", {"username": "cli", "password": PASSWORD}, 422)
    assert acts(asked) == []


def test_what_an_admin_does_to_providers_is_written_down(asked: Any) -> None:
    with FileServer() as server:
        body = {"name": "hub", "kind": "http", "url": server.url, "token": "sesame", "allow_private_network": True}
        one = f"/api/providers/{asked('POST', '/api/providers', body)['id']}"
        asked("POST", f"{one}/test", code=200)
    asked("POST", f"{one}/test", code=424)
    asked("PATCH", one, {"max_connections": 5, "token": ""})
    asked("DELETE", one)
    found = acts(asked)
    assert [(act, actor, name) for act, actor, _, name, _ in found] == [
        ("provider_added", "root-admin", "hub"),
        ("provider_secret_written", "root-admin", "hub"),
        ("provider_tested", "root-admin", "hub"),
        ("provider_tested", "root-admin", "hub"),
        ("provider_changed", "root-admin", "hub"),
        ("provider_secret_written", "root-admin", "hub"),
        ("provider_removed", "root-admin", "hub"),
    ]
    assert [one[4] for one in found][:3] == ["http", "token", None]
    assert [one[4] for one in found][4:] == ["max_connections, token", "no token", None]
    assert [row["succeeded"] for row in asked("GET", f"{AUDIT}?action=provider_tested&sort=at")] == [True, False]


def test_what_happens_to_keys_is_written_down(client: FlaskClient, asked: Any, alice: User) -> None:
    made = client.post("/api/keys", json={"name": "ci", "scopes": ["read"]}, headers=bearer(alice)).json
    by_key = {"Authorization": f"Bearer {made['key']}"}
    assert client.post("/api/downloads", json={}, headers=by_key).status_code == 403
    client.delete(f"/api/keys/{made['id']}", headers=bearer(alice))
    client.get("/api/downloads", headers=by_key)
    reason = "This API key does not exist, or was revoked"
    assert acts(asked) == [
        ("key_created", "alice", "alice", "ci", "read"),
        ("key_refused", None, "alice", "ci", "This API key has not the scope 'write'"),
        ("key_revoked", "alice", "alice", "ci", None),
        ("key_refused", None, None, None, reason),
    ]


def test_downloads_that_anybody_deletes_are_written_down(client: FlaskClient, asked: Any, alice: User) -> None:
    provider = add_provider()
    first, second = (add_downloads(alice, provider, name, status="cancelled")[0] for name in ("org/a", "org/b"))
    assert client.delete(f"/api/downloads/{first.id}", headers=bearer(alice)).status_code == 204
    asked("DELETE", f"/api/downloads/{second.id}?files=true")
    assert [one for one in acts(asked) if one[0] == "download_deleted"] == [
        ("download_deleted", "alice", "alice", "org/a", None),
        ("download_deleted", "root-admin", "alice", "org/b", "with its files"),
    ]


def test_only_admins_read_it_page_by_page_and_filtered(client: FlaskClient, asked: Any, alice: User) -> None:
    for quota in range(5):
        asked("PATCH", f"/api/users/{alice.id}", {"quota_bytes": quota})
    first = client.get(f"{AUDIT}?page_size=3", headers=bearer(db.session.get_one(User, _admin_id())))
    cursor = json.loads(first.headers["X-Pagination"])["next_cursor"]
    rest = asked("GET", f"{AUDIT}?page_size=3&cursor={cursor}")
    assert [row["detail"] for row in [*(first.json or ()), *rest]] == [f"{quota} bytes" for quota in range(4, -1, -1)]
    assert len(asked("GET", f"{AUDIT}?since={first.json[0]['at']}")) >= 1
    assert asked("GET", f"{AUDIT}?until=2020-01-01") == []
    assert asked("GET", f"{AUDIT}?user=nobody") == []
    assert len(asked("GET", f"{AUDIT}?action=user_quota_set&action=user_created&user=alice")) == 5
    for wrong in ("action=x", "since=x", "who=alice", f"cursor={cursor}&user=alice", "user="):
        asked("GET", f"{AUDIT}?{wrong}", code=422)
    assert client.get(AUDIT, headers=bearer(alice)).status_code == 403
    assert client.get(AUDIT).status_code == 401


def _admin_id() -> str:
    return str(db.session.scalar(select(User.id).where(User.is_admin)))
