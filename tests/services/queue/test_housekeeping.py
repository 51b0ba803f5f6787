"""What housekeeping removes, and what it leaves."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from downloads_app.config import current_settings
from downloads_app.errors import NotAuthenticated
from downloads_app.extensions import db
from downloads_app.models import Repository, RevokedToken, SignIn, User, utc_now
from downloads_app.services.accounts import sign_ins, tokens
from downloads_app.services.database.clock import CLOCKS_APART_SECONDS
from downloads_app.services.queue import housekeeping
from tests.web.api.calling import add_download, add_provider, add_repository


def test_a_repository_goes_when_no_download_has_it_unless_it_is_new(app: Flask, alice: User) -> None:
    provider = add_provider()
    rows = {name: add_repository(provider, name) for name in ("org/used", "org/unused", "org/new")}
    add_download(alice, rows["org/used"])
    for name in ("org/used", "org/unused"):
        rows[name].created_at = utc_now() - timedelta(seconds=housekeeping.REPOSITORY_KEPT_SECONDS + 1)
    db.session.commit()
    housekeeping.remove_old_rows()
    assert set(db.session.scalars(select(Repository.name))) == {"org/used", "org/new"}


def test_a_revoked_token_is_remembered_until_it_has_expired(app: Flask, alice: User) -> None:
    settings, now = current_settings(), utc_now()
    pair = tokens.issue_pair(settings, alice)
    long_ago = now - timedelta(seconds=CLOCKS_APART_SECONDS + 1)  # the clock of who issued it may be ahead
    tokens.revoke(settings, tokens.verify(settings, pair.access))
    db.session.add(RevokedToken(id="expired", user_id=alice.id, expires_at=long_ago))
    db.session.add(RevokedToken(id="good", user_id=alice.id, expires_at=now + timedelta(hours=1)))
    db.session.commit()
    housekeeping.remove_old_rows()
    left = set(db.session.scalars(select(RevokedToken.id)))
    assert left == {"good", tokens.verify(settings, pair.access).family}


def test_a_sign_in_goes_with_its_last_token(app: Flask, alice: User) -> None:
    for life in (-1, 3600):
        moment = utc_now()
        row = SignIn(id=f"{life}", user_id=alice.id, refresh_id="x", created_at=moment, issued_at=moment)
        row.rotated_at, row.expires_at = moment, moment + timedelta(seconds=life)
        db.session.add(row)
    db.session.commit()
    housekeeping.remove_old_rows()
    assert list(db.session.scalars(select(SignIn.id))) == ["3600"]


def test_the_list_of_revoked_tokens_has_an_end(app: Flask, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever signs in and out without end loses their other sign-ins, and nothing ended becomes good again."""
    monkeypatch.setattr(sign_ins, "MAX_ENDED", 6)
    monkeypatch.setattr(sign_ins, "FORGOTTEN_AT_A_TIME", 4)
    settings, ended = current_settings(), []
    other = sign_ins.begin(settings, alice.id, alice.password_hash)
    for _ in range(6):
        pair = sign_ins.begin(settings, alice.id, alice.password_hash)
        sign_ins.end(settings, tokens.verify(settings, pair.access))
        ended += [pair.access, other.access]
    last = sign_ins.begin(settings, alice.id, alice.password_hash)
    assert db.session.query(RevokedToken).count() == 2
    for raw in ended:
        with pytest.raises(NotAuthenticated, match="revoked"):
            tokens.authorize(tokens.verify(settings, raw))
    for raw in (pair.refresh, other.refresh):
        with pytest.raises(NotAuthenticated, match="revoked"):
            sign_ins.renew(settings, tokens.verify(settings, raw, "refresh"))
    assert tokens.authorize(tokens.verify(settings, last.access)).id == alice.id
