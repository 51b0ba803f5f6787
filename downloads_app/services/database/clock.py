"""The database's own clock, which all machines share: in statements, so that it decides about leases, and as a time."""

from datetime import datetime
from typing import Any

from sqlalchemy import literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement

from downloads_app.extensions import db
from downloads_app.models import UtcDateTime, utc_now

CLOCKS_APART_SECONDS = 180
"""How far the clocks of our machines may differ before anybody notices."""
POSTGRESQL_NOW = "statement_timestamp()"
SQLITE_NOW = "strftime('%Y-%m-%d %H:%M:%f000', 'now')"
"""In the form that SQLAlchemy stores times in, so that they compare as text."""


class DatabaseTime(FunctionElement[datetime]):
    """The present time and some seconds, as the database sees it."""

    type = UtcDateTime()
    inherit_cache = True


def database_now(plus_seconds: float = 0) -> DatabaseTime:
    """Return the expression of now, or of some seconds from now."""
    return DatabaseTime(literal(float(plus_seconds)))


def shared_now() -> datetime:
    """Return the present time by the database's clock, within the session's transaction; an SQLite file's is ours.

    For times that one machine writes and another compares with: its own clock may be minutes off.
    """
    if db.engine.dialect.name == "sqlite":
        return utc_now()
    told: datetime = db.session.execute(select(database_now())).scalar_one()
    return told


@compiles(DatabaseTime, "postgresql")
def _compile_postgresql(element: DatabaseTime, compiler: Any, **options: Any) -> str:
    seconds = compiler.process(element.clauses, **options)
    return f"({POSTGRESQL_NOW} + make_interval(secs => {seconds}))"


@compiles(DatabaseTime, "sqlite")
def _compile_sqlite(element: DatabaseTime, compiler: Any, **options: Any) -> str:
    seconds = compiler.process(element.clauses, **options)
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', {seconds} || ' seconds')"
