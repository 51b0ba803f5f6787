"""The tokens of one sign-in: who gets them while something changes, how long they go on, what ends them."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_jwt_extended import create_refresh_token
from sqlalchemy import event, select, update

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import RevokedToken, SignIn, User
from downloads_app.services.accounts import passwords, sign_ins, tokens, users
from downloads_app.services.database import locks
from downloads_app.services.queue import housekeeping
from tests.conftest import PASSWORD, bearer

LOGIN, REFRESH, ME = "/api/auth/login", "/api/auth/refresh", "/api/auth/me"
OTHER = "a different one altogether"


def header(raw: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {raw}"}


def sign_in(client: FlaskClient, password: str = PASSWORD) -> dict[str, Any]:
    answer = client.post(LOGIN, json={"username": "alice", "password": password})
    assert answer.status_code == 200, answer.json
    return dict(answer.json or {})


def renew(client: FlaskClient, refresh_token: str) -> dict[str, Any] | None:
    """Return the new tokens, or None where the answer is 401."""
    answer = client.post(REFRESH, headers=header(refresh_token))
    assert answer.status_code in (200, 401), answer.json
    return dict(answer.json or {}) if answer.status_code == 200 else None


def is_let_in(client: FlaskClient, access_token: str) -> bool:
    return client.get(ME, headers=header(access_token)).status_code == 200


def age(family_of: str, **columns: timedelta) -> None:
    """Put times of the sign-in that a token is of back."""
    family = tokens.identify(current_settings(), family_of).family
    row = db.session.get_one(SignIn, family, populate_existing=True)
    for name, span in columns.items():
        setattr(row, name, getattr(row, name) - span)
    db.session.commit()


@pytest.fixture
def elsewhere(app: Flask) -> Callable[[Callable[[], object]], None]:
    """Run something in a session of its own, as another process would."""

    def run(change: Callable[[], object]) -> None:
        def work() -> None:
            with app.app_context():
                change()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join(30)

    return run


def change_password() -> None:
    users.set_password(users.find_user("alice"), OTHER)


def test_a_login_in_flight_with_the_old_password_gets_nothing(
    client: FlaskClient,
    alice: User,
    elsewhere: Callable[[Callable[[], object]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The password is changed just after it was found to be right."""
    compare = passwords.matches

    def compare_and_be_late(password_hash: str | None, password: str) -> bool:
        is_right = compare(password_hash, password)
        elsewhere(change_password)
        return is_right

    monkeypatch.setattr(passwords, "matches", compare_and_be_late)
    assert client.post(LOGIN, json={"username": "alice", "password": PASSWORD}).status_code == 401


@pytest.mark.parametrize("disabled", [False, True])
def test_a_refresh_in_flight_gets_nothing_after_a_change(
    client: FlaskClient,
    alice: User,
    admin: User,
    elsewhere: Callable[[Callable[[], object]], None],
    monkeypatch: pytest.MonkeyPatch,
    disabled: bool,
) -> None:
    """The token was judged, then the password changed, or the user was disabled and enabled."""
    refresh_token = sign_in(client)["refresh_token"]
    hold = locks.hold_user

    def change() -> None:
        if not disabled:
            return change_password()
        users.set_disabled(users.find_user("alice"), True)
        return users.set_disabled(users.find_user("alice"), False)

    def hold_late(user_id: str) -> User | None:
        monkeypatch.undo()
        elsewhere(change)
        return hold(user_id)

    monkeypatch.setattr(sign_ins, "hold_user", hold_late)
    assert renew(client, refresh_token) is None


def test_what_was_issued_while_a_change_waited_is_refused_after_it(
    app: Flask, client: FlaskClient, alice: User
) -> None:
    """A refresh holds the user's row while the password is about to change; its tokens are the older ones."""
    refresh_token = sign_in(client)["refresh_token"]
    changing: list[threading.Thread] = []
    begun = threading.Event()

    def change() -> None:
        with app.app_context():
            user = users.find_user("alice")
            db.session.rollback()
            begun.set()
            users.set_password_hash(user.id, passwords.hash_password(OTHER))

    def begin_a_change(*_: object) -> None:
        if not changing:
            changing.append(threading.Thread(target=change))
            changing[0].start()
            begun.wait(30)

    event.listen(db.session, "before_commit", begin_a_change)
    try:
        given = renew(client, refresh_token)
    finally:
        event.remove(db.session, "before_commit", begin_a_change)
    changing[0].join(30)
    if given is not None:
        assert not is_let_in(client, given["access_token"])
        assert renew(client, given["refresh_token"]) is None
    assert is_let_in(client, sign_in(client, OTHER)["access_token"])


def test_a_machine_whose_clock_is_ahead_issues_nothing_that_outlives_a_change(
    client: FlaskClient, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sign_ins, "utc_now", lambda: datetime.now(UTC) + timedelta(seconds=30))
        ahead = sign_in(client)
    assert is_let_in(client, ahead["access_token"])
    change_password()
    assert not is_let_in(client, ahead["access_token"])
    assert renew(client, ahead["refresh_token"]) is None
    after = sign_in(client, OTHER)
    assert is_let_in(client, after["access_token"])
    assert renew(client, after["refresh_token"]) is not None


def test_a_password_in_flight_does_not_undo_an_admins(
    client: FlaskClient,
    alice: User,
    elsewhere: Callable[[Callable[[], object]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Somebody with the old password changes it at the moment in which an admin takes it from them."""
    headers, compare = bearer(alice), passwords.matches

    def compare_and_be_late(password_hash: str | None, password: str) -> bool:
        is_right = compare(password_hash, password)
        elsewhere(change_password)
        return is_right

    monkeypatch.setattr(passwords, "matches", compare_and_be_late)
    body = {"current_password": PASSWORD, "new_password": "the third one of all"}
    assert client.put("/api/auth/password", json=body, headers=headers).status_code == 409
    monkeypatch.undo()
    sign_in(client, OTHER)


def test_tabs_that_refresh_at_once_all_go_on_with_the_same_refresh_token(client: FlaskClient, alice: User) -> None:
    refresh_token = sign_in(client)["refresh_token"]
    given = [renew(client, refresh_token) for _ in range(3)]
    assert None not in given
    assert all(pair and is_let_in(client, pair["access_token"]) for pair in given)
    assert len({tokens.identify(current_settings(), pair["refresh_token"]).token_id for pair in given if pair}) == 1


def test_a_refresh_token_that_comes_again_ends_its_sign_in_and_no_other(
    client: FlaskClient, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    stolen, other = sign_in(client)["refresh_token"], sign_in(client)
    good = renew(client, stolen)
    assert good is not None
    age(stolen, rotated_at=timedelta(seconds=sign_ins.GRACE_SECONDS + 1))
    assert renew(client, stolen) is None
    assert f"refresh token of user {alice.id} came a second time" in caplog.text
    assert renew(client, good["refresh_token"]) is None
    assert not is_let_in(client, good["access_token"])
    assert client.head("/api/downloads/subscribe", headers=header(good["access_token"])).status_code == 401
    assert is_let_in(client, other["access_token"])
    assert renew(client, other["refresh_token"]) is not None


def test_an_old_one_of_many_ends_the_sign_in_at_once(client: FlaskClient, alice: User) -> None:
    """Only the one before the present has a time of grace."""
    first = sign_in(client)["refresh_token"]
    second = renew(client, first)
    assert second is not None
    third = renew(client, second["refresh_token"])
    assert third is not None
    assert renew(client, first) is None
    assert renew(client, third["refresh_token"]) is None


def test_a_sign_in_has_an_age_that_no_refresh_passes(make_app: Callable[..., Flask], alice: User) -> None:
    app = make_app(session_seconds=5000)
    with app.app_context():
        client = app.test_client()
        given = sign_in(client)
        age(given["refresh_token"], created_at=timedelta(seconds=4000))
        renewed = renew(client, given["refresh_token"])
        assert renewed is not None
        left = [
            tokens.identify(current_settings(), renewed[kind]).expires_at - datetime.now(UTC).timestamp()
            for kind in renewed
            if "_t" in kind and kind != "token_type"
        ]
        assert all(900 < seconds <= 1000 for seconds in left)
        age(given["refresh_token"], created_at=timedelta(seconds=1001))
        ended = client.post(REFRESH, headers=header(renewed["refresh_token"]))
        assert (ended.status_code, ended.json["message"]) == (401, sign_ins.ENDED)


def test_tokens_of_the_version_before_go_on(client: FlaskClient, alice: User) -> None:
    pair = tokens.issue_pair(current_settings(), alice)  # no row knows of it
    given = renew(client, pair.refresh)
    assert given is not None
    assert renew(client, given["refresh_token"]) is not None
    plain = renew(client, create_refresh_token(identity=alice.id))
    assert plain is not None
    assert renew(client, plain["refresh_token"]) is not None


def test_a_token_that_the_version_before_has_exchanged_is_taken_over_or_ends_its_sign_in(
    client: FlaskClient, alice: User
) -> None:
    """While both versions run, the older one puts an exchanged token on the list and tells the rows nothing."""
    given = sign_in(client)
    old = tokens.verify(current_settings(), given["refresh_token"], "refresh")
    db.session.add(RevokedToken(id=old.token_id, user_id=alice.id, expires_at=datetime.now(UTC) + timedelta(days=1)))
    db.session.commit()
    newer = tokens.issue_pair(current_settings(), alice, old.family)
    assert renew(client, newer.refresh) is not None
    assert renew(client, newer.refresh) is not None  # within the grace
    unknown = tokens.issue_pair(current_settings(), alice)
    spent = tokens.verify(current_settings(), unknown.refresh, "refresh")
    db.session.add(RevokedToken(id=spent.token_id, user_id=alice.id, expires_at=datetime.now(UTC) + timedelta(days=1)))
    db.session.commit()
    assert renew(client, unknown.refresh) is None
    assert not is_let_in(client, unknown.access)


def test_rows_of_sign_ins_go_when_nothing_of_them_is_good(client: FlaskClient, alice: User) -> None:
    kept, gone = sign_in(client)["refresh_token"], sign_in(client)["refresh_token"]
    db.session.execute(
        update(SignIn)
        .where(SignIn.id == tokens.identify(current_settings(), gone).family)
        .values(expires_at=datetime.now(UTC) - timedelta(seconds=5))
    )
    db.session.commit()
    housekeeping.remove_old_rows()
    assert list(db.session.scalars(select(SignIn.id))) == [tokens.identify(current_settings(), kept).family]
    users.set_password(alice, OTHER)
    assert list(db.session.scalars(select(SignIn.id))) == []


def test_a_user_has_so_many_sign_ins_at_a_time_and_the_oldest_goes(
    client: FlaskClient, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_ins, "MAX_SIGN_INS", 3)
    given = [sign_in(client) for _ in range(3)]
    first = renew(client, given[0]["refresh_token"])  # so that the second has been silent longest
    assert first is not None
    given.append(sign_in(client))
    assert [is_let_in(client, one["access_token"]) for one in given] == [True, False, True, True]
    assert renew(client, given[1]["refresh_token"]) is None
    assert renew(client, first["refresh_token"]) is not None


def test_who_signs_in_and_out_and_is_refused_is_in_the_log_without_a_name(
    client: FlaskClient, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    headers = header(sign_in(client)["access_token"])
    client.get("/api/users", headers=headers)
    client.post("/api/auth/logout", headers=headers)
    lines = [record.getMessage() for record in caplog.records]
    assert f"sign-in of user {alice.id} from 127.0.0.1" in lines
    assert f"GET /api/users: 403 for user {alice.id}" in lines
    assert f"sign-out of user {alice.id}" in lines
    assert "alice" not in caplog.text


def test_a_sign_in_remembers_where_from(client: FlaskClient, alice: User) -> None:
    body = {"username": "alice", "password": PASSWORD}
    client.post(LOGIN, json=body, headers={"User-Agent": "browser " * 100}, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    row = db.session.scalars(select(SignIn)).one()
    assert (row.address, len(row.client or "")) == ("192.0.2.7", sign_ins.MAX_CLIENT_LENGTH)


@pytest.mark.parametrize("kind", ["access", "refresh"])
@pytest.mark.parametrize("is_expired", [False, True])
def test_signing_out_takes_a_token_of_either_kind_also_an_expired_one(
    client: FlaskClient, alice: User, kind: str, is_expired: bool
) -> None:
    ends_at = datetime.now(UTC) + (timedelta(seconds=-100) if is_expired else timedelta(hours=1))
    pair = tokens.issue_pair(current_settings(), alice, "family", ends_at=ends_at)
    live = tokens.issue_pair(current_settings(), alice, "family")
    raw = pair.access if kind == "access" else pair.refresh
    for _ in range(2):  # who is signed out may sign out
        assert client.post("/api/auth/logout", headers=header(raw)).status_code == 204
    assert not is_let_in(client, live.access)
    assert renew(client, live.refresh) is None


def test_signing_out_by_cookie_works_when_the_access_token_has_expired(client: FlaskClient, alice: User) -> None:
    expired = tokens.issue_pair(
        current_settings(), alice, "family", ends_at=datetime.now(UTC) - timedelta(seconds=100)
    ).access
    client.set_cookie("access_token_cookie", expired)
    assert client.post("/api/auth/logout").status_code == 401  # any page could make a browser ask this
    csrf = tokens.identify(current_settings(), expired).csrf or ""
    assert client.post("/api/auth/logout", headers={"X-CSRF-TOKEN": csrf}).status_code == 204
    assert client.get_cookie("access_token_cookie") is None
    assert renew(client, tokens.issue_pair(current_settings(), alice, "family").refresh) is None


@pytest.mark.parametrize("raw", ["x", "a.b.c", ""])
def test_nobody_signs_out_with_what_is_no_token(client: FlaskClient, alice: User, raw: str) -> None:
    assert client.post("/api/auth/logout", headers=header(raw)).status_code == 401
    forged = bearer(alice)["Authorization"][:-4] + "AAAA"
    assert client.post("/api/auth/logout", headers={"Authorization": forged}).status_code == 401
