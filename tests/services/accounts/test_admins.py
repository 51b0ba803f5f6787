"""Who is left as an admin when several changes come at once, and what a user who was disabled finds again."""

import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_jwt_extended import create_access_token
from sqlalchemy import event, select

from downloads_app.errors import Conflict, NotFound
from downloads_app.extensions import db
from downloads_app.models import User
from downloads_app.services.accounts import users
from tests.conftest import bearer

MEETING_SECONDS = 0.3

CHANGES: dict[str, Callable[[User], None]] = {
    "demote": lambda user: users.set_admin(user, False),
    "disable": lambda user: users.set_disabled(user, True),
    "delete": users.delete_user,
}


@pytest.mark.parametrize("change", CHANGES)
def test_two_admins_who_take_each_other_away_at_once_leave_one(
    app: Flask, make_user: Callable[..., User], change: str
) -> None:
    names = [make_user(name, is_admin=True).username for name in ("first", "second")]
    db.session.commit()
    meeting, refused = threading.Barrier(2), []

    def meet(*_: object) -> None:
        """Wait for the other one, who has looked as well, or is kept from looking."""
        with suppress(threading.BrokenBarrierError):
            meeting.wait(MEETING_SECONDS)

    def take(name: str) -> None:
        with app.app_context():
            user = users.find_user(name)
            try:
                CHANGES[change](user)
            except Conflict as conflict:
                refused.append(conflict.message)

    event.listen(db.session, "before_flush", meet)
    try:
        threads = [threading.Thread(target=take, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    finally:
        event.remove(db.session, "before_flush", meet)
    admins = select(User.username).where(User.is_admin, ~User.is_disabled)
    left = list(db.session.scalars(admins))
    assert len(left) == 1
    assert refused == [f"{left[0]!r} is the last admin"]


def test_what_was_read_before_the_change_does_not_decide(app: Flask, admin: User, alice: User) -> None:
    """Somebody else has made Alice the only admin since her row was read here."""
    assert not alice.is_admin
    db.session.rollback()
    assert not alice.is_admin  # read, and held
    with app.app_context():
        users.set_admin(users.find_user("alice"), True)
        users.set_admin(users.find_user("root-admin"), False)
    with pytest.raises(Conflict, match="last admin"):
        users.set_disabled(alice, True)


def test_a_user_who_has_been_deleted_meanwhile_is_not_found(app: Flask, admin: User, alice: User) -> None:
    assert alice.username == "alice"
    with app.app_context():
        users.delete_user(users.find_user("alice"))
    with pytest.raises(NotFound):
        users.set_admin(alice, True)


@pytest.mark.parametrize(
    "make_token", [bearer, lambda user: {"Authorization": f"Bearer {create_access_token(user.id)}"}]
)
def test_a_user_who_is_enabled_again_finds_no_token_of_before(
    client: FlaskClient, admin: User, alice: User, make_token: Callable[[User], dict[str, str]]
) -> None:
    before = make_token(alice)
    assert client.get("/api/auth/me", headers=before).status_code == 200
    users.set_disabled(alice, True)
    users.set_disabled(alice, False)
    assert client.get("/api/auth/me", headers=before).status_code == 401
    assert client.get("/api/auth/me", headers=bearer(alice)).status_code == 200


def test_enabling_who_is_enabled_ends_nothing(client: FlaskClient, admin: User, alice: User) -> None:
    headers = bearer(alice)
    users.set_disabled(alice, False)
    assert client.get("/api/auth/me", headers=headers).status_code == 200
