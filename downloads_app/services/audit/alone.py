"""Entries in a transaction of their own: of what was refused, and of what happens to the database as a whole."""

import logging

from sqlalchemy.exc import SQLAlchemyError

from downloads_app.extensions import db
from downloads_app.models import Act
from downloads_app.services.audit.actor import Actor
from downloads_app.services.audit.writing import Thing, note

log = logging.getLogger(__name__)


def note_alone(
    act: Act, by: Actor, thing: Thing | None = None, *, detail: str | None = None, succeeded: bool = True
) -> None:
    """Write an entry; commits. It never fails: what it tells of cannot be taken back."""
    try:
        db.session.rollback()  # begins a transaction: SQLite may refuse to write in one that has only read
        note(act, by, thing=thing, detail=detail, succeeded=succeeded)
        db.session.commit()
    except SQLAlchemyError as exc:
        db.session.rollback()
        log.error("the audit lacks an entry (%s by %s): %s", act, by.name, type(exc).__name__)
