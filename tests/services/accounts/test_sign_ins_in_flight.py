"""Who gets tokens while a password changes or a user is disabled: what is issued before is refused after."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from downloads_app.extensions import db
from downloads_app.models import User
from downloads_app.services.accounts import passwords, sign_ins, users
from downloads_app.services.database import locks
from tests.conftest import PASSWORD, bearer
from tests.services.accounts.signing_in import (
    LOGIN,
    OTHER,
    change_password,
    is_let_in,
    renew,
    sign_in,
)


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
