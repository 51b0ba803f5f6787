"""The database's own clock as an SQL expression, so that one clock decides about all leases."""

from datetime import datetime
from typing import Any

from sqlalchemy import literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement

from downloads_app.models import UtcDateTime

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


@compiles(DatabaseTime, "postgresql")
def _compile_postgresql(element: DatabaseTime, compiler: Any, **options: Any) -> str:
    seconds = compiler.process(element.clauses, **options)
    return f"({POSTGRESQL_NOW} + make_interval(secs => {seconds}))"


@compiles(DatabaseTime, "sqlite")
def _compile_sqlite(element: DatabaseTime, compiler: Any, **options: Any) -> str:
    seconds = compiler.process(element.clauses, **options)
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', {seconds} || ' seconds')"
