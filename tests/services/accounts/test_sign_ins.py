"""The tokens of one sign-in: how long they go on, and what ends them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_jwt_extended import create_refresh_token
from sqlalchemy import select, update

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import RevokedToken, SignIn, User
from downloads_app.services.accounts import sign_ins, tokens, users
from downloads_app.services.queue import housekeeping
from tests.conftest import PASSWORD
from tests.services.accounts.signing_in import (
    LOGIN,
    OTHER,
    REFRESH,
    age,
    header,
    is_let_in,
    renew,
    sign_in,
)


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
