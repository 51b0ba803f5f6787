"""Who has ended very many keys and sign-ins makes no new key, and hears truly when they may."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from downloads_app.errors import TooMany
from downloads_app.extensions import db
from downloads_app.models import ApiKey, RevokedToken, User, utc_now
from downloads_app.services.accounts import keys, sign_ins
from downloads_app.services.audit import NOBODY
from downloads_app.services.database.clock import CLOCKS_APART_SECONDS


def make(user: User) -> ApiKey:
    return keys.create_key(user.id, "ci", keys.SCOPES, by=NOBODY)[0]


def test_who_makes_and_revokes_keys_without_end_has_to_wait(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_ins, "MAX_ENDED", 3)
    for _ in range(3):
        keys.revoke_key(make(alice).id, alice.id, by=NOBODY)
    with pytest.raises(TooMany) as refused:
        make(alice)
    kept = keys.REVOCATION_KEPT_SECONDS + CLOCKS_APART_SECONDS
    assert kept - 30 < refused.value.retry_after_seconds <= kept + 2
    _age_revocations(refused.value.retry_after_seconds)
    make(alice)


def test_who_has_signed_out_without_end_hears_how_long_that_is_remembered(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_ins, "MAX_ENDED", 3)
    for days in (1, 3, 5, 7):
        ended = RevokedToken(id=f"sign-in {days}", user_id=alice.id, expires_at=utc_now() + timedelta(days=days))
        db.session.add(ended)
    db.session.commit()
    with pytest.raises(TooMany) as refused:
        make(alice)
    assert refused.value.retry_after_seconds == pytest.approx(3 * 86_400 + CLOCKS_APART_SECONDS, abs=30)
    _age_revocations(refused.value.retry_after_seconds)
    make(alice)


def _age_revocations(seconds: float) -> None:
    """Let the revocations be so much older. No worker runs that would remove what has expired."""
    for row in db.session.scalars(select(RevokedToken)):
        row.expires_at -= timedelta(seconds=seconds)
    db.session.commit()
