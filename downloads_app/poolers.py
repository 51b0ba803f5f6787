"""Works behind a pooler of PostgreSQL's connections, such as PgBouncer, which refuses the options of a session.

A pooler in transaction mode gives each transaction any of its sessions, so nothing may be set in a session. Then each
transaction sets by `SET LOCAL` what the session's options would have set: for a single statement in the same message,
so this costs no round trip. Imports nothing of ours.
"""

import re
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Dialect, Engine, event

_REFUSED = re.compile(r"startup parameter|startup option|command-line options|unrecognized configuration parameter")
_OPTION = re.compile(r"-c (\w+)=(\S+)")
_LIMITED = re.compile(r"\s*(?:BEGIN$|SELECT\b|WITH\b|INSERT\b|UPDATE\b|DELETE\b)")
"""Statements that can stand in one message with others. `CREATE INDEX CONCURRENTLY`, say, cannot."""
_LIMITS: WeakKeyDictionary[Dialect, str] = WeakKeyDictionary()
"""For each engine behind a pooler: the statements that set its options for one transaction."""


def connect(dialect: Dialect, arguments: Any, parameters: dict[str, Any]) -> Any:
    """Connect with the session's options, or without them if they are refused, now and later."""
    if "options" in parameters and dialect not in _LIMITS:
        try:
            return dialect.connect(*arguments, **parameters)
        except dialect.loaded_dbapi.OperationalError as exc:
            if not _REFUSED.search(str(exc)):
                raise
        options = _OPTION.findall(parameters["options"])
        _LIMITS[dialect] = "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in options)
    if dialect in _LIMITS:
        parameters = {name: value for name, value in parameters.items() if name != "options"}
    return dialect.connect(*arguments, **parameters)


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    limits = _LIMITS.get(connection.dialect)
    if limits and not _is_alone(connection):
        connection.exec_driver_sql(limits)


@event.listens_for(Engine, "before_cursor_execute", retval=True)
def _execute(
    connection: Connection, _cursor: object, statement: str, parameters: Any, _context: object, _many: bool
) -> tuple[str, Any]:
    """Put the limits before a statement that is a transaction of its own, and behind a `BEGIN`."""
    limits = _LIMITS.get(connection.dialect) if _LIMITS else None
    if limits and _LIMITED.match(statement) and _is_alone(connection):
        statement = f"BEGIN; {limits}" if statement == "BEGIN" else f"{limits}; {statement}"
    return statement, parameters


def _is_alone(connection: Connection) -> bool:
    """Whether each statement is a transaction of its own (psycopg2's autocommit)."""
    return bool(getattr(connection.connection.dbapi_connection, "autocommit", False))
