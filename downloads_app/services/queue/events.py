"""Events of a download, written together with the change itself: the last 200 of each download.

PostgreSQL changes the row and notes it in one statement, so that a claim costs no second round trip. SQLite has no
statement that does both; there it is one short transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Delete,
    Executable,
    Insert,
    Select,
    String,
    Text,
    Update,
    cast,
    delete,
    insert,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql.dml import ReturningUpdate

from downloads_app.extensions import db
from downloads_app.models import Download, DownloadEvent, EventKind
from downloads_app.models.columns import UtcDateTime
from downloads_app.services.database.autocommit import execute_alone, transaction_alone
from downloads_app.services.database.clock import database_now

KEPT = 200
"""Events kept of each download; the oldest are removed first."""
COMMAND_LINE = "command line"
"""The actor of a change that somebody made by a command."""
COLUMNS = ("download_id", "at", "kind", "actor", "reason", "until_at", "attempt", "current_bytes")
SEEN = ("id", "status", "attempt", "current_bytes", "wait_reason", "error_message", "not_before_at", "request_id")
"""The columns of a changed download that a note may use."""


@dataclass(frozen=True, slots=True)
class Note:
    """The event to write for a change. A callable value gets the columns of the row after the change."""

    kind: EventKind | Callable[[Any], Any]
    actor: str | None = None
    reason: str | Callable[[Any], Any] | None = None
    until: Callable[[Any], Any] | None = None


def change_alone(statement: Update, *notes: Note) -> Sequence[Any]:
    """Change downloads and note it, in a separate transaction; return a row of SEEN for each changed download."""
    changing = _stamp(statement)
    if _is_postgresql():
        return execute_alone(_as_one(changing, notes)).all()
    with transaction_alone() as connection:
        rows = connection.execute(changing).all()
        for more in _beside([row.id for row in rows], notes):
            connection.execute(more)
    return rows


def change(statement: Update, *notes: Note) -> Sequence[Any]:
    """Change downloads and note it, within the session's transaction; return the same as `change_alone`."""
    changing = _stamp(statement)
    if _is_postgresql():
        return db.session.execute(_as_one(changing, notes)).all()
    rows = db.session.execute(changing, execution_options={"synchronize_session": False}).all()
    for more in _beside([row.id for row in rows], notes):
        db.session.execute(more)
    return rows


def note_new(download: Download, actor: str) -> None:
    """Note that a download was created; the session's transaction does not end here."""
    db.session.flush()
    db.session.execute(_insert(Download, [Note(EventKind.CREATED, actor)], Download.id == download.id))


def note_alone(note: Note, *conditions: Any) -> None:
    """Note something of the downloads that match, in a transaction of its own."""
    execute_alone(_insert(Download, [note], *conditions))


def _is_postgresql() -> bool:
    return bool(db.engine.dialect.name == "postgresql")


def _stamp(statement: Update) -> ReturningUpdate[Any]:
    """Set `updated_at` here: within another statement SQLAlchemy does not fill in what it computes itself."""
    return statement.values(updated_at=database_now()).returning(*_seen(Download))


def _as_one(changing: ReturningUpdate[Any], notes: Sequence[Note]) -> Executable:
    changed = changing.cte("changed")
    noted = _insert(changed.c, notes).cte("noted")
    trimmed = _trim(changed, len(notes)).cte("trimmed")
    return select(changed).add_cte(noted, trimmed)


def _beside(ids: Sequence[str], notes: Sequence[Note]) -> list[Executable]:
    """Return the statements that SQLite needs after the change itself."""
    if not ids:
        return []
    return [*(_trim_one(one, len(notes)) for one in ids), _insert(Download, notes, Download.id.in_(ids))]


def _seen(row: Any) -> list[Any]:
    return [getattr(row, name) for name in SEEN]


def _insert(row: Any, notes: Sequence[Note], *conditions: Any) -> Insert:
    selects = [select(*_values(row, note)).where(*conditions) for note in notes]
    return insert(DownloadEvent).from_select(COLUMNS, selects[0] if len(selects) == 1 else union_all(*selects))


def _values(row: Any, note: Note) -> list[Any]:
    def of(value: Any, kind: Any) -> Any:
        if callable(value):
            return value(row)
        return cast(null() if value is None else str(value), kind)

    return [
        row.id,
        database_now(),
        of(note.kind, String),
        of(note.actor, String),
        of(note.reason, Text),
        of(note.until, UtcDateTime),
        row.attempt,
        row.current_bytes,
    ]


def _trim(changed: Any, room: int) -> Delete:
    """Remove the oldest events of each changed download, so that KEPT leaves room for `room` new ones."""
    oldest = _last_first(changed.c.id).offset(KEPT - room).lateral("oldest")
    ids = select(oldest.c.id).select_from(changed).join(oldest, true())
    return delete(DownloadEvent).where(DownloadEvent.id.in_(ids))


def _trim_one(download_id: str, room: int) -> Delete:
    last = _last_first(download_id).offset(KEPT - room).limit(1).scalar_subquery()
    return delete(DownloadEvent).where(DownloadEvent.download_id == download_id, DownloadEvent.id <= last)


def _last_first(download_id: Any) -> Select[Any]:
    other = aliased(DownloadEvent)
    return select(other.id).where(other.download_id == download_id).order_by(other.id.desc())
