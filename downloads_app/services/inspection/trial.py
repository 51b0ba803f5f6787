"""A user, a provider and a download for a moment, so that a real sign-in and a real stream can be tried.

The provider is paused and leads nowhere, so that no worker takes the download. What an earlier trial left behind,
because its process was killed, goes with the next one.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import delete, select

from downloads_app.config import Settings
from downloads_app.extensions import db
from downloads_app.models import Download, Provider, Repository, SignIn, User
from downloads_app.services.accounts import tokens
from downloads_app.services.accounts.passwords import hash_password
from downloads_app.services.database.clock import database_now
from downloads_app.services.database.session import give_connection_back

PREFIX = "downloads-doctor-"
TOKEN_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Trial:
    """Who tries: a regular user with one download that waits for ever."""

    username: str
    password: str
    token: str
    """An access token for TOKEN_SECONDS."""

    def find_address(self) -> str | None:
        """Return the address that the service saw at this user's last sign-in."""
        query = select(SignIn.address).join(User, User.id == SignIn.user_id).where(User.username == self.username)
        address: str | None = db.session.scalar(query.order_by(SignIn.created_at.desc()).limit(1))
        give_connection_back()
        return address


@contextmanager
def begin(settings: Settings) -> Iterator[Trial]:
    """Make what is tried with; it is gone when the block ends."""
    _remove_all()
    name, password = PREFIX + secrets.token_hex(6), secrets.token_urlsafe(18)
    user = User(username=name, password_hash=hash_password(password, name))
    provider = Provider(name=name, kind="http", url="https://doctor.invalid/", paused_at=database_now())
    db.session.add_all([user, provider])
    db.session.flush()
    repository = Repository(provider_id=provider.id, name="nothing")
    db.session.add(repository)
    db.session.flush()
    names = {"user_id": user.id, "provider_id": provider.id, "repository_id": repository.id}
    db.session.add(Download(revision="main", **names))
    db.session.commit()
    trial = Trial(name, password, tokens.issue_access(settings, user, TOKEN_SECONDS))
    give_connection_back()
    try:
        yield trial
    finally:
        _remove_all()


def _remove_all() -> None:
    db.session.rollback()
    db.session.execute(delete(User).where(User.username.startswith(PREFIX, autoescape=True)))
    db.session.execute(delete(Provider).where(Provider.name.startswith(PREFIX, autoescape=True)))
    db.session.commit()
