"""`/api/users`: admins manage accounts, nobody else sees them."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import AuditEntry, User
from downloads_app.services.files import folders
from tests.conftest import PASSWORD, bearer
from tests.web.api.calling import NOBODYS_ID

USERS = "/api/users"


def test_an_admin_creates_lists_changes_and_deletes_a_user(client: FlaskClient, admin: User) -> None:
    headers = bearer(admin)
    created = client.post(USERS, json={"username": "carol", "password": PASSWORD}, headers=headers)
    assert created.status_code == 201
    assert (created.json["username"], created.json["role"], created.json["disabled"]) == ("carol", "user", False)
    assert not any("password" in name for name in created.json)
    one = f"{USERS}/{created.json['id']}"

    changed = client.patch(one, json={"role": "admin", "disabled": True}, headers=headers)
    assert (changed.json["role"], changed.json["disabled"]) == ("admin", True)
    assert client.get(one, headers=headers).json == changed.json

    assert client.delete(one, headers=headers).status_code == 204
    assert client.get(one, headers=headers).status_code == 404


def test_a_password_set_by_an_admin_is_the_one_that_works(client: FlaskClient, admin: User, alice: User) -> None:
    changed = client.patch(f"{USERS}/{alice.id}", json={"password": "a whole new one"}, headers=bearer(admin))
    assert changed.status_code == 200
    old, new = (
        client.post("/api/auth/login", json={"username": "alice", "password": password}).status_code
        for password in (PASSWORD, "a whole new one")
    )
    assert (old, new) == (401, 200)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", USERS),
        ("POST", USERS),
        ("GET", f"{USERS}/{{id}}"),
        ("PATCH", f"{USERS}/{{id}}"),
        ("DELETE", f"{USERS}/{{id}}"),
    ],
)
def test_only_admins_reach_accounts(client: FlaskClient, alice: User, method: str, path: str) -> None:
    path = path.format(id=alice.id)
    assert client.open(path, method=method, json={}).status_code == 401
    refused = client.open(path, method=method, json={}, headers=bearer(alice))
    assert (refused.status_code, refused.json["code"]) == (403, 403)


def test_lists_are_paged_sorted_and_filtered(client: FlaskClient, admin: User, make_user: Callable[..., User]) -> None:
    for number in range(5):
        make_user(f"user-{number}")
    page = client.get(f"{USERS}?page=2&page_size=2&sort=-username&role=user", headers=bearer(admin))
    assert [user["username"] for user in page.json] == ["user-2", "user-1"]
    assert '"total": 5' in page.headers["X-Pagination"]
    by_name = client.get(f"{USERS}?username=user-3", headers=bearer(admin))
    assert [user["username"] for user in by_name.json] == ["user-3"]
    wanted = [user["id"] for user in page.json]
    by_id = client.get(f"{USERS}?id={wanted[0]}&id={wanted[1]}", headers=bearer(admin))
    assert {user["id"] for user in by_id.json} == set(wanted)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"username": "../etc", "password": PASSWORD}, "username"),
        ({"username": "dave", "password": "short"}, "password"),
        ({"username": "dave", "password": PASSWORD, "role": "king"}, "role"),
        ({"username": "dave", "password": PASSWORD, "is_admin": True}, "is_admin"),
    ],
)
def test_unfit_accounts_are_refused_by_field(
    client: FlaskClient, admin: User, body: dict[str, object], field: str
) -> None:
    refused = client.post(USERS, json=body, headers=bearer(admin))
    assert refused.status_code == 422
    assert field in str(refused.json["errors"])


@pytest.mark.parametrize(
    ("password", "message"),
    [("", "password: "), ("short", "password: at least 10 characters")],
)
def test_the_message_of_a_short_password_names_it(
    client: FlaskClient, admin: User, alice: User, password: str, message: str
) -> None:
    created = client.post(USERS, json={"username": "dave", "password": password}, headers=bearer(admin))
    changed = client.patch(f"{USERS}/{alice.id}", json={"password": password}, headers=bearer(admin))
    for refused in (created, changed):
        assert refused.status_code == 422
        assert refused.json["message"].startswith(message)
    own = {"current_password": PASSWORD, "new_password": password}
    refused = client.put("/api/auth/password", json=own, headers=bearer(alice))
    assert refused.status_code == 422
    assert refused.json["message"].startswith(f"new_{message}")
    assert "new_password" in str(refused.json["errors"])


def test_a_taken_name_is_a_conflict_also_where_its_user_has_files(
    client: FlaskClient, admin: User, alice: User
) -> None:
    folder = folders.folder_of_user(current_settings().downloads_dir, alice)
    for _ in ("before the first download", "after it"):
        refused = client.post(USERS, json={"username": "alice", "password": PASSWORD}, headers=bearer(admin))
        assert (refused.status_code, refused.json["message"]) == (409, "A user named 'alice' exists already")
        folder.mkdir(parents=True, exist_ok=True)


@pytest.mark.parametrize(
    ("method", "body"), [("DELETE", None), ("PATCH", {"role": "user"}), ("PATCH", {"disabled": True})]
)
def test_the_last_admin_stays(client: FlaskClient, admin: User, method: str, body: dict[str, object] | None) -> None:
    refused = client.open(f"{USERS}/{admin.id}", method=method, json=body, headers=bearer(admin))
    assert refused.status_code == 409
    assert client.get(f"{USERS}/{admin.id}", headers=bearer(admin)).json["role"] == "admin"


@pytest.mark.parametrize("last", [{"role": "user"}, {"disabled": True}])
def test_a_change_of_several_things_is_made_whole_or_not_at_all(
    client: FlaskClient, admin: User, last: dict[str, object]
) -> None:
    one, headers, entries = f"{USERS}/{admin.id}", bearer(admin), select(func.count(AuditEntry.id))
    before, noted = client.get(one, headers=headers).json, db.session.scalar(entries)
    body = {"password": "a whole new one", "quota_bytes": 5, **last}
    assert client.patch(one, json=body, headers=headers).status_code == 409
    assert client.get(one, headers=headers).json == before  # with the token of before
    assert db.session.scalar(entries) == noted
    old = client.post("/api/auth/login", json={"username": admin.username, "password": PASSWORD})
    assert old.status_code == 200


def test_several_things_of_a_user_change_in_one_transaction(client: FlaskClient, admin: User, alice: User) -> None:
    one, headers = f"{USERS}/{alice.id}", bearer(admin)
    commits: list[set[str]] = []

    def note_commit(session: Session) -> None:
        if session.scalar(select(User.quota_bytes).where(User.id == alice_id)) is not None:
            commits.append(set(session.scalars(select(AuditEntry.action).where(AuditEntry.user_id == alice_id))))

    alice_id = alice.id
    body = {"password": "a whole new one", "quota_bytes": 5, "role": "admin", "disabled": True}
    event.listen(db.session, "before_commit", note_commit)
    try:
        changed = client.patch(one, json=body, headers=headers)
    finally:
        event.remove(db.session, "before_commit", note_commit)
    assert (changed.json["role"], changed.json["quota_bytes"], changed.json["disabled"]) == ("admin", 5, True)
    assert commits[0] >= {"password_set", "user_quota_set", "user_promoted", "user_disabled"}


def test_an_unknown_user_is_not_found(client: FlaskClient, admin: User) -> None:
    assert client.get(f"{USERS}/{NOBODYS_ID}", headers=bearer(admin)).status_code == 404
    assert client.get(f"{USERS}/not-an-id", headers=bearer(admin)).status_code == 404


def test_a_quota_of_ones_own_is_set_shown_and_taken_back(client: FlaskClient, admin: User, alice: User) -> None:
    one, headers = f"{USERS}/{alice.id}", bearer(admin)
    assert client.get(one, headers=headers).json["quota_bytes"] is None
    for quota in (7_000_000_000_000, 0, (1 << 63) - 1):
        assert client.patch(one, json={"quota_bytes": quota}, headers=headers).json["quota_bytes"] == quota
        assert client.get("/api/usage", headers=bearer(alice)).json["quota_bytes"] == quota
    assert client.patch(one, json={"disabled": False}, headers=headers).json["quota_bytes"] == quota
    for wrong in (-1, 1 << 63, 1.5, "7", True):
        assert client.patch(one, json={"quota_bytes": wrong}, headers=headers).status_code == 422, wrong
    assert client.patch(one, json={"quota_bytes": 1}, headers=bearer(alice)).status_code == 403
    assert client.get("/api/auth/me", headers=bearer(alice)).json["quota_bytes"] == quota
    assert client.patch(one, json={"quota_bytes": None}, headers=headers).json["quota_bytes"] is None
    assert client.get("/api/usage", headers=bearer(alice)).json["quota_bytes"] is None
