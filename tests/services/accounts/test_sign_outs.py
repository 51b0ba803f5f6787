"""Signing out: with which tokens, and that nothing of the sign-in is good afterwards."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Act, AuditEntry, RevokedToken, User
from downloads_app.services.accounts import tokens
from tests.conftest import bearer
from tests.services.accounts.signing_in import (
    change_password,
    header,
    is_let_in,
    renew,
    sign_in,
)


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


def test_a_sign_out_holds_as_long_as_the_tokens_that_earlier_settings_gave(
    make_app: Callable[..., Flask], alice: User
) -> None:
    """The operator has made refresh tokens short since."""
    given = sign_in(make_app(refresh_token_seconds=30 * 24 * 3600).test_client())
    now = make_app(refresh_token_seconds=3600)
    with now.app_context():
        client = now.test_client()
        for _ in range(2):
            assert client.post("/api/auth/logout", headers=header(given["access_token"])).status_code == 204
        token = tokens.verify(current_settings(), given["refresh_token"], "refresh")
        revoked = db.session.get_one(RevokedToken, token.family)
        assert abs(revoked.expires_at.timestamp() - token.expires_at) < 60
        assert renew(client, given["refresh_token"]) is None


def test_a_session_that_is_over_is_noted_once(client: FlaskClient, alice: User) -> None:
    ended, changed = sign_in(client), sign_in(client)
    for raw in (ended["access_token"], ended["refresh_token"], ended["access_token"]):
        assert client.post("/api/auth/logout", headers=header(raw)).status_code == 204
    assert count_ended() == 1
    change_password()
    for _ in range(2):
        assert client.post("/api/auth/logout", headers=header(changed["access_token"])).status_code == 204
    assert count_ended() == 1


def count_ended() -> int:
    """Return how many times the audit says that a session has ended."""
    times = select(func.sum(AuditEntry.count)).where(AuditEntry.action == Act.SESSION_ENDED)
    return db.session.scalar(times) or 0
