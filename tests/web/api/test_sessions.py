"""`/api/auth/sessions`: who sees and ends which sign-in, and what an end takes away."""

import json
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from flask_jwt_extended import create_access_token

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import RevokedToken, SignIn, User
from downloads_app.services.accounts import sign_ins, tokens, users, uses
from downloads_app.services.accounts.tokens import TokenPair
from tests.conftest import PASSWORD, bearer
from tests.web.api.calling import NOBODYS_ID

SESSIONS, ME = "/api/auth/sessions", "/api/auth/me"


def begin(user: User) -> TokenPair:
    return sign_ins.begin(current_settings(), user.id, user.password_hash)


def by(raw: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {raw}"}


def id_of(pair: TokenPair) -> str:
    return tokens.verify(current_settings(), pair.access).family


def is_good(client: FlaskClient, pair: TokenPair) -> bool:
    """Whether both tokens of a sign-in are taken; where they are, it is refreshed."""
    asked = client.get(ME, headers=by(pair.access)).status_code
    renewed = client.post("/api/auth/refresh", headers=by(pair.refresh)).status_code
    assert asked == renewed, (asked, renewed)
    return asked == 200


def test_a_sign_in_is_shown_with_when_from_where_and_by_what(client: FlaskClient, alice: User) -> None:
    other = begin(alice)
    body = {"username": "alice", "password": PASSWORD}
    given = client.post("/api/auth/login", json=body, headers={"User-Agent": "a browser" + "!" * 500}).json
    row = db.session.get_one(SignIn, tokens.verify(current_settings(), given["access_token"]).family)
    row.created_at -= timedelta(hours=2)
    db.session.commit()
    listed = client.get(f"{SESSIONS}?sort=created_at", headers=by(given["access_token"])).json
    db.session.refresh(row)
    assert [one["id"] for one in listed] == [row.id, id_of(other)]
    assert listed[0] == {
        "id": row.id,
        "created_at": f"{row.created_at:%Y-%m-%dT%H:%M:%SZ}",
        "last_used_at": f"{row.used_at:%Y-%m-%dT%H:%M:%SZ}",
        "address": "127.0.0.1",
        "client": ("a browser" + "!" * 500)[:200],
        "is_current": True,
    }
    assert listed[0]["created_at"] < listed[0]["last_used_at"]
    assert (listed[1]["address"], listed[1]["client"], listed[1]["is_current"]) == (None, None, False)


def test_a_refresh_is_a_use_and_makes_no_other_session(client: FlaskClient, alice: User) -> None:
    pair = begin(alice)
    row = db.session.get_one(SignIn, id_of(pair))
    row.created_at = row.issued_at = row.issued_at - timedelta(hours=2)
    db.session.commit()
    assert is_good(client, pair)
    listed = client.get(SESSIONS, headers=by(pair.access))
    assert [one["created_at"] < one["last_used_at"] for one in listed.json] == [True]


def test_each_request_is_a_use_that_is_written_once_a_minute(client: FlaskClient, alice: User) -> None:
    pair = begin(alice)
    row = db.session.get_one(SignIn, id_of(pair))
    row.created_at = row.issued_at = row.issued_at - timedelta(hours=2)
    db.session.commit()
    client.get(ME, headers=by(pair.access))
    db.session.expire_all()
    first = row.last_used_at
    assert first is not None
    assert row.used_at == first > row.issued_at
    client.get(ME, headers=by(pair.access))
    db.session.expire_all()
    assert row.last_used_at == first
    assert client.get(ME, headers=by(pair.access + "x")).status_code == 401


def test_a_process_notes_a_session_once_a_minute() -> None:
    now = [0.0]
    noted = uses.Uses(lambda: now[0])
    seen = []
    for now[0] in (0, 1, 59, 60, 61, 120):
        seen.append((noted.is_due("a"), noted.is_due("b")))
    assert seen == [(True, True), (False, False), (False, False), (True, True), (False, False), (True, True)]


def test_what_has_reached_its_age_or_expired_is_no_session(client: FlaskClient, alice: User) -> None:
    for name in ("expires_at", "created_at"):
        row = db.session.get_one(SignIn, id_of(begin(alice)))
        setattr(row, name, getattr(row, name) - timedelta(seconds=current_settings().session_seconds))
        db.session.commit()
    assert client.get(SESSIONS, headers=bearer(alice)).json == []


def test_a_list_of_sessions_is_paged_and_filtered(client: FlaskClient, alice: User) -> None:
    ids = [id_of(begin(alice)) for _ in range(5)]
    headers = bearer(alice)
    first = client.get(f"{SESSIONS}?page_size=3", headers=headers)
    cursor = json.loads(first.headers["X-Pagination"])["next_cursor"]
    rest = client.get(f"{SESSIONS}?page_size=3&cursor={cursor}", headers=headers)
    assert [one["id"] for answer in (first, rest) for one in answer.json] == ids[::-1]
    assert [one["id"] for one in client.get(f"{SESSIONS}?id={ids[1]}", headers=headers).json] == [ids[1]]


def test_an_ended_session_is_refused_and_the_others_go_on(client: FlaskClient, alice: User) -> None:
    mine, lost = begin(alice), begin(alice)
    plain = create_access_token(identity=alice.id)
    one = f"{SESSIONS}/{id_of(lost)}"
    assert client.delete(one, headers=by(mine.access)).status_code == 204
    assert not is_good(client, lost)
    assert is_good(client, mine)
    assert client.get(ME, headers=by(plain)).status_code == 200
    assert client.delete(one, headers=by(mine.access)).status_code == 404
    assert [session["id"] for session in client.get(SESSIONS, headers=by(plain)).json] == [id_of(mine)]


def test_all_others_end_at_once_and_the_callers_own_goes_on(client: FlaskClient, alice: User, bob: User) -> None:
    mine, foreign, *others = begin(alice), begin(bob), begin(alice), begin(alice)
    plain = create_access_token(identity=alice.id)
    assert client.delete(SESSIONS, headers=by(mine.access)).status_code == 204
    assert not any(is_good(client, other) for other in others)
    assert is_good(client, mine)
    assert is_good(client, foreign)
    assert client.get(ME, headers=by(plain)).status_code == 200
    assert client.delete(SESSIONS, headers=by(plain)).status_code == 204  # it belongs to none of them
    assert not is_good(client, mine)


def test_somebody_elses_session_is_there_for_admins_alone(
    client: FlaskClient, alice: User, bob: User, admin: User
) -> None:
    pair, own = begin(alice), begin(admin)
    one, whose = f"{SESSIONS}/{id_of(pair)}", f"user_id={alice.id}"
    for headers, code in ((None, 401), (bearer(bob), 404)):
        assert client.get(f"{SESSIONS}?{whose}", headers=headers).status_code == code
        for path in (one, f"{one}?{whose}", f"{SESSIONS}?{whose}"):
            assert client.delete(path, headers=headers).status_code == code, path
    assert client.get(SESSIONS, headers=bearer(bob)).json == []
    assert is_good(client, pair)

    listed = client.get(f"{SESSIONS}?{whose}", headers=by(own.access)).json
    assert [(session["id"], session["is_current"]) for session in listed] == [(id_of(pair), False)]
    assert client.delete(f"{one}?user_id={bob.id}", headers=by(own.access)).status_code == 404
    assert client.delete(f"{one}?{whose}", headers=by(own.access)).status_code == 204
    assert not is_good(client, pair)
    second, third = begin(alice), begin(alice)
    assert client.delete(f"{SESSIONS}/{id_of(second)}", headers=by(own.access)).status_code == 204
    assert client.delete(f"{SESSIONS}?{whose}", headers=by(own.access)).status_code == 204
    assert not is_good(client, second)
    assert not is_good(client, third)
    assert is_good(client, own)
    assert client.get(f"{SESSIONS}?user_id={NOBODYS_ID}", headers=by(own.access)).status_code == 404


def test_a_browser_ends_sessions_with_its_csrf_header_alone(client: FlaskClient, alice: User) -> None:
    pair = begin(alice)
    client.post("/api/auth/login", json={"username": "alice", "password": PASSWORD, "cookies": True})
    assert [one["is_current"] for one in client.get(SESSIONS).json] == [True, False]
    assert client.delete(SESSIONS).status_code == 401
    csrf = client.get_cookie("csrf_access_token")
    assert csrf is not None
    assert client.delete(SESSIONS, headers={"X-CSRF-TOKEN": csrf.value}).status_code == 204
    assert [one["is_current"] for one in client.get(SESSIONS).json] == [True]
    client.delete_cookie("access_token_cookie")
    assert not is_good(client, pair)


@pytest.mark.parametrize("user_deleted", [False, True])
def test_what_is_on_the_list_already_or_gone_meanwhile_is_no_fault(
    client: FlaskClient, alice: User, admin: User, user_deleted: bool
) -> None:
    """The version before refused a sign-in without dropping its row."""
    pair, last = begin(alice), tokens.FOREVER
    if user_deleted:
        users.delete_user(alice)
    else:
        db.session.add(RevokedToken(id=id_of(pair), user_id=alice.id, expires_at=last))
        db.session.commit()
    answer = client.delete(f"{SESSIONS}/{id_of(pair)}", headers=bearer(admin))
    assert answer.status_code == (404 if user_deleted else 204)
    assert not is_good(client, pair)
