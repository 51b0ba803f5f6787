"""Who may see what, in requests and in streams: an admin everything, a user their own; and which tokens are valid.

Requests read a user's row; streams read the same row in their snapshot. Both make a State of it, which is judged here.
An API key has its owner's rights as a regular user has them, an admin's key too.
"""

import enum
from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import ColumnElement, select, true

from downloads_app.errors import NotAllowed, NotAuthenticated
from downloads_app.models import Download, Repository, User

REVOKED = "Token has been revoked"
CHANGE_DUE = "Change your password first (PUT /api/auth/password): somebody else has set it"


class State(enum.StrEnum):
    """What a user's row says of their rights. A change is due where somebody else has set the password."""

    DISABLED = "disabled"
    CHANGE_DUE = "change due"
    ADMIN = "admin"
    USER = "user"


_COLUMNS = {State.DISABLED: "is_disabled", State.CHANGE_DUE: "must_change_password", State.ADMIN: "is_admin"}
"""The first column that is true gives the state."""
_WHENS = " ".join(f"WHEN {column} THEN '{state}'" for state, column in _COLUMNS.items())
STATE_SQL = f"CASE {_WHENS} ELSE '{State.USER}' END"


@dataclass(frozen=True, slots=True)
class KeyRights:
    """What an API key may do; `name` is what its owner calls it."""

    name: str
    can_read: bool
    can_write: bool


class Token(Protocol):
    """A verified token or API key, as far as rights go."""

    @property
    def issued_at(self) -> float:
        """Unix seconds."""
        ...

    @property
    def revocable_ids(self) -> tuple[str, ...]:
        """The ids under which it may have been revoked."""
        ...

    @property
    def key(self) -> KeyRights | None:
        """None unless it is an API key."""
        ...


class Viewer(Protocol):
    """Somebody to whom something is shown: a user's row, or a Caller."""

    @property
    def id(self) -> str:
        """The user's id."""
        ...

    @property
    def is_admin(self) -> bool:
        """Whether they see everything."""
        ...


@dataclass(frozen=True, slots=True)
class Caller:
    """A user who asks for something, with the rights that their token or API key gives them."""

    user: User
    token: Token

    @property
    def id(self) -> str:
        """The user's id."""
        return self.user.id

    @property
    def username(self) -> str:
        """The user's name."""
        return self.user.username

    @property
    def is_admin(self) -> bool:
        """Whether they see and change everything."""
        return sees_everything(state_of(self.user), self.token)


def state_of(user: User) -> State:
    """Return what the user's row says; STATE_SQL says the same in a statement."""
    return next((state for state, column in _COLUMNS.items() if getattr(user, column)), State.USER)


def refusal_of(token: Token, state: str | None, valid_from: datetime | None, revoked: Set[str]) -> str | None:
    """Return why a token is refused, REVOKED or CHANGE_DUE; None if it is valid.

    `state` is None if the user does not exist. Tokens issued before `valid_from` are refused.
    """
    is_outdated = valid_from is not None and token.issued_at < valid_from.timestamp()
    if state is None or state == State.DISABLED or is_outdated:
        return REVOKED
    if revoked and not revoked.isdisjoint(token.revocable_ids):
        return REVOKED
    return CHANGE_DUE if state == State.CHANGE_DUE else None


def as_error(refusal: str) -> NotAllowed | NotAuthenticated:
    """Return the error for a refusal: NotAllowed if the password must be changed, else NotAuthenticated."""
    return NotAllowed(refusal) if refusal == CHANGE_DUE else NotAuthenticated(refusal)


def sees_everything(state: str | None, token: Token) -> bool:
    """Whether a user in this state sees all users' downloads by this token."""
    return state == State.ADMIN and token.key is None


def refuse_beyond_scope(token: Token, *, is_reading: bool) -> None:
    """Raise NotAllowed if an API key has not the scope for a request; tokens have none, and may do everything."""
    if token.key is not None and not (token.key.can_read if is_reading else token.key.can_write):
        scope = "read" if is_reading else "write"
        raise NotAllowed(f"This API key has not the scope {scope!r}")


def may_see_download(viewer: Viewer, download: Download) -> bool:
    """Whether it exists for `viewer`."""
    return viewer.is_admin or download.user_id == viewer.id


def visible_repositories(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition that picks the repositories `viewer` may see: only admins see what other users fetch."""
    if viewer.is_admin:
        return true()
    return Repository.id.in_(select(Download.repository_id).where(Download.user_id == viewer.id))
