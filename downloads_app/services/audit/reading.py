"""Reads the audit page by page, and removes what is old."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, select, update

from downloads_app.models import AuditEntry, utc_now
from downloads_app.services.database.autocommit import execute_alone
from downloads_app.services.pages import Filter, Page, Wanted, fetch

NEWEST_FIRST = "-at"
ADDRESS_DAYS = 90
"""Addresses are forgotten before the rest: they tell where people are."""
AT_A_TIME = 1000
BATCHES = 20
TIME = "%Y-%m-%dT%H:%M:%SZ"
SHOWN = (
    *("id", "at", "last_at", "count", "action", "succeeded", "actor", "actor_id", "key", "username", "user_id"),
    *("object_type", "object_id", "object_name", "address", "detail"),
)


def page_of_entries(
    wanted: Wanted,
    *,
    user: str | None = None,
    actions: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    ids: Sequence[str] = (),
) -> Page[AuditEntry]:
    """Return one page of the entries that match all filters; `user` is the name of who acted or whom it is about."""
    conditions: list[ColumnElement[bool]] = []
    if since is not None:
        conditions.append(AuditEntry.at >= since)
    if until is not None:
        conditions.append(AuditEntry.at < until)
    either: tuple[ColumnElement[bool], ...] = ()
    if user is not None:
        is_about = and_(AuditEntry.username == user, AuditEntry.actor.is_distinct_from(user))
        either = (AuditEntry.actor == user, is_about)
    scope = [str(bound) for bound in (user, since, until)]
    return fetch(AuditEntry, wanted, Filter({}, {"action": actions, "id": ids}, conditions, scope, either=either))


def as_dict(entry: AuditEntry) -> dict[str, Any]:
    """Return an entry as REST and the command line show it; times are UTC to the second."""
    shown = {name: getattr(entry, name) for name in SHOWN}
    return shown | {name: f"{shown[name]:{TIME}}" for name in ("at", "last_at")}


def remove_old_entries(audit_days: int) -> None:
    """Remove entries older than so many days, and addresses older than ADDRESS_DAYS; a bounded number at a time."""
    now = utc_now()
    old = select(AuditEntry.id).where(AuditEntry.at < now - timedelta(days=audit_days)).limit(AT_A_TIME)
    known = (AuditEntry.at < now - timedelta(days=ADDRESS_DAYS), AuditEntry.address.is_not(None))
    located = select(AuditEntry.id).where(*known).limit(AT_A_TIME)
    for statement in (
        delete(AuditEntry).where(AuditEntry.id.in_(old)),
        update(AuditEntry).where(AuditEntry.id.in_(located)).values(address=None),
    ):
        for _ in range(BATCHES):
            if execute_alone(statement).rowcount < AT_A_TIME:
                break
