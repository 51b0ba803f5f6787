"""Shared by all tables: their base class, column types, ids and times."""

import re
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import DateTime, Dialect, String, TypeDecorator, Uuid

from downloads_app.extensions import Base, db

if TYPE_CHECKING:
    Model = Base  # the base of db.Model, which type checkers cannot see because it is made at run time
else:
    Model = db.Model

UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
"""No text column takes these: PostgreSQL's text has no NUL, and a lone surrogate is no character (Unicode, 3.9)."""


class UuidText(TypeDecorator[str]):
    """A UUID that is a string in Python: `uuid` in PostgreSQL, its 36 characters in SQLite."""

    impl = String(36)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        native = dialect.name == "postgresql"
        return dialect.type_descriptor(Uuid(as_uuid=False) if native else String(36))


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time, in SQLite too (which knows no time zones)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def utc_now() -> datetime:
    """Return the present time, aware."""
    return datetime.now(UTC)


def new_id() -> str:
    """Return a fresh random UUID."""
    return str(uuid.uuid4())
