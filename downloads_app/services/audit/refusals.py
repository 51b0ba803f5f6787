"""Changes that somebody may not make: noted although nothing has happened, since it tells who tries what."""

from sqlalchemy.exc import SQLAlchemyError

from downloads_app.extensions import db
from downloads_app.models import Act
from downloads_app.services.audit.actor import Actor
from downloads_app.services.audit.writing import Thing, note


def note_refused(by: Actor, what: str, detail: str | None = None) -> None:
    """Note that somebody was not let through to `what`; commits. It never fails: the caller is refused in any case."""
    db.session.rollback()  # begins a transaction: SQLite may refuse to write in one that has only read
    try:
        note(Act.REFUSED, by, thing=Thing("route", name=what), detail=detail, succeeded=False)
        db.session.commit()
    except SQLAlchemyError:
        db.session.rollback()
