"""Writes entries of the audit into the transaction of what happened, so that there is either both or none.

An outsider decides how often a sign-in fails, and a user how often they sign in. So such entries are bounded: equal
failures of an hour share an entry, and beyond MAX_A_DAY an entry is shared by all that are about the same account.
Each user's failures are counted by themselves: whatever somebody tries, what others try keeps its own entries.
What is done to downloads is counted apart: however many somebody adds, what else they do keeps its own entries.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import ColumnElement, and_

from downloads_app.extensions import db
from downloads_app.models import Act, AuditEntry, User, new_id, utc_now
from downloads_app.services.audit.actor import Actor
from downloads_app.services.database.counting import are_at_least
from downloads_app.services.database.inserts import insert_into

MAX_A_DAY = 1000
"""Entries in a day of one kind of failure (of each user, and of all unknown together), and of one user who is no admin.

The next ones share entries.
"""
OF_DOWNLOADS = tuple(act for act in Act if act.startswith("download_"))
MAX_NAME_LENGTH = 200
MAX_DETAIL_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Account:
    """The user whom an act is about."""

    user_id: str
    username: str

    @classmethod
    def of(cls, user: User) -> Self:
        """Return how the audit names a user."""
        return cls(user.id, user.username)


@dataclass(frozen=True, slots=True)
class Thing:
    """What was acted on: a user, a session, a key, a provider, a download."""

    kind: str
    id: str | None = None
    name: str | None = None


def note(
    act: Act,
    by: Actor,
    about: Account | None = None,
    thing: Thing | None = None,
    *,
    detail: str | None = None,
    succeeded: bool = True,
    times: int = 1,
) -> None:
    """Write an entry into the session's transaction; commits nothing.

    `detail` must hold no secret, and nothing that was typed into a sign-in. `times`: how often it happened.
    """
    now = utc_now()
    fold, is_flooded = _find_fold(act, by, about, thing, succeeded, now)
    entry = {
        "id": new_id(),
        "at": now,
        "last_at": now,
        "count": times,
        "action": act,
        "succeeded": succeeded,
        "actor": by.name,
        "actor_id": by.user_id,
        "key": by.key,
        "username": about.username if about else None,
        "user_id": about.user_id if about else None,
        "object_type": thing.kind if thing else None,
        "object_id": thing.id if thing else None,
        "object_name": (thing.name or "")[:MAX_NAME_LENGTH] or None if thing else None,
        "address": None if is_flooded else by.address,
        "detail": (detail or "")[:MAX_DETAIL_LENGTH] or None,
        "fold": fold,
    }
    db.session.execute(_insert(entry))


def _find_fold(
    act: Act, by: Actor, about: Account | None, thing: Thing | None, succeeded: bool, now: datetime
) -> tuple[str | None, bool]:
    """Return the name of the acts that share an entry with this one, and whether there are too many today."""
    whose = about.username if about else ""
    if not succeeded:
        if _are_many(and_(AuditEntry.actor == by.name, AuditEntry.action == act, ~AuditEntry.succeeded), now):
            return _digest(act, by.name or "", whose, f"{now:%Y-%m-%d}"), True
        what = (thing.kind, thing.id or "", thing.name or "") if thing else ()
        return _digest(act, by.name or "", whose, by.address or "", f"{now:%Y-%m-%d %H}", *what), False
    if by.name is not None and not by.is_trusted and _are_many(and_(AuditEntry.actor == by.name, _kin_of(act)), now):
        return _digest(act, by.name, whose, f"{now:%Y-%m-%d}"), True
    return None, False


def _kin_of(act: Act) -> ColumnElement[bool]:
    """Return the condition that picks the acts with which one is counted together."""
    of_downloads = AuditEntry.action.in_(OF_DOWNLOADS)
    return of_downloads if act in OF_DOWNLOADS else ~of_downloads


def _are_many(condition: ColumnElement[bool], now: datetime) -> bool:
    """Whether as many entries of the last day fulfil the condition as there may be."""
    return are_at_least(MAX_A_DAY, condition, AuditEntry.at > now - timedelta(days=1))


def _insert(entry: dict[str, Any]) -> Any:
    """Return the statement that adds an entry, or counts it where there is one of its fold."""
    adding = insert_into(AuditEntry).values(entry)
    counted = {"count": AuditEntry.count + adding.excluded.count, "last_at": adding.excluded.last_at}
    return adding.on_conflict_do_update(index_elements=[AuditEntry.fold], set_=counted)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
