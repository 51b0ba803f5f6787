"""Recognises the API key that a request comes with."""

from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from downloads_app.errors import NotAuthenticated
from downloads_app.extensions import db
from downloads_app.models import ApiKey, utc_now
from downloads_app.services.accounts import key_form
from downloads_app.services.accounts.refused_keys import Refusal, note_refused
from downloads_app.services.accounts.tokens import VerifiedToken
from downloads_app.services.database.autocommit import execute_alone
from downloads_app.services.rights import KeyRights

USE_NOTED_SECONDS = 60
"""`last_used_at` is written at most so often."""
UNKNOWN = "This API key does not exist, or was revoked"
EXPIRED = "This API key has expired"


def verify(raw: str, address: str | None = None) -> VerifiedToken:
    """Return what a key stands for; whether its owner may still do anything is not judged here.

    Raises NotAuthenticated; before any look into the database where the checksum is wrong. Where the database cannot
    be read, its error is raised: whether a key is good is known there alone.
    """
    digest = key_form.digest_of(key_form.read_key(raw))
    key = db.session.scalar(select(ApiKey).where(ApiKey.digest == digest))
    now = utc_now()
    if key is None:
        note_refused(Refusal(address, UNKNOWN))
        raise NotAuthenticated(UNKNOWN)
    if key.expires_at is not None and key.expires_at <= now:
        note_refused(Refusal(address, EXPIRED, key.id, key.name, key.user_id))
        raise NotAuthenticated(EXPIRED)
    _note_use(key, now)
    return VerifiedToken(
        token_id=key.id,
        family=key.id,
        user_id=key.user_id,
        kind="access",
        issued_at=float("inf"),  # later than any password change
        expires_at=key.expires_at.timestamp() if key.expires_at else float("inf"),
        csrf=None,
        key=KeyRights(key.name, key.can_read, key.can_write),
    )


def _note_use(key: ApiKey, now: datetime) -> None:
    """Write when a key was last used, if the last note is a minute old; where it cannot be written, the key is good."""
    before = now - timedelta(seconds=USE_NOTED_SECONDS)
    if key.last_used_at is not None and key.last_used_at > before:
        return
    is_due = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= before)
    with suppress(SQLAlchemyError):
        execute_alone(update(ApiKey).where(ApiKey.id == key.id, is_due).values(last_used_at=now))
