"""One statement as a transaction of its own: a process stopped at any moment then holds no lock.

A second engine, beside the application's, does this. Switching the isolation of a pooled connection would be shorter.
But when the database is away, switching back raises an untranslated error, and the pool loses the connection.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, cast

from sqlalchemy import Connection, CursorResult, Engine, Executable, NullPool, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from downloads_app.extensions import connect_args, db, engine_options
from downloads_app.per_app import PerApp

READ_TIMEOUT_SECONDS = 10
_OWN: ContextVar[Connection | None] = ContextVar("own connection", default=None)


def execute_alone(statement: Executable, parameters: Mapping[str, Any] | None = None) -> CursorResult[Any]:
    """Execute one statement outside of the session; its rows are fetched before the connection goes back."""
    own = _OWN.get()
    if own is not None:
        return _execute(own, statement, parameters)
    with ENGINE.here().connect() as connection:
        return _execute(connection, statement, parameters)


def _execute(connection: Connection, statement: Executable, parameters: Mapping[str, Any] | None) -> CursorResult[Any]:
    result: CursorResult[Any] = connection.execute(statement, parameters or {})
    # SQLAlchemy types rows that were fetched as a Result; they are read like a cursor's.
    return cast("CursorResult[Any]", result.freeze()()) if result.returns_rows else result


@contextmanager
def own_connection(database_url: str) -> Iterator[None]:
    """Have `execute_alone` use a new connection within the block, which may run in a real thread beside gevent.

    There the pool is of no use: its locks are gevent's, and such a lock can lose a wake-up between real threads.
    """
    engine = create_engine(
        database_url,
        isolation_level="AUTOCOMMIT",
        poolclass=NullPool,
        connect_args=connect_args(database_url, READ_TIMEOUT_SECONDS),
    )
    with engine.connect() as connection:
        token = _OWN.set(connection)
        try:
            yield
        finally:
            _OWN.reset(token)


def make_reader(database_url: str) -> Engine:
    """Return an engine with its own single connection, which works while the application's pool is exhausted.

    It is for the streams' snapshot, where one read is one statement. Streams get an error long before PostgreSQL
    ends a read that hangs (Snapshot.is_failing), so a large first read has enough time.
    """
    return create_engine(
        database_url,
        isolation_level="AUTOCOMMIT",
        pool_size=1,
        max_overflow=0,
        connect_args=connect_args(database_url, READ_TIMEOUT_SECONDS),
    )


@contextmanager
def transaction_alone() -> Iterator[Connection]:
    """Give a connection outside of the session, with one transaction; in SQLite, the only writer from the start."""
    with ENGINE.here().connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.dialect.name == "sqlite" else "BEGIN")
        try:
            yield connection
        except BaseException:
            with suppress(SQLAlchemyError):  # the connection may be gone, and the transaction with it
                connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")


def _make_engine() -> Engine:
    """Return an application's engine for single statements; it lives and is disposed of with the other one."""
    pooled = db.engine
    options = engine_options(pooled.url.render_as_string(hide_password=False))
    engine = create_engine(pooled.url, isolation_level="AUTOCOMMIT", **options)
    dispose = engine.dispose
    event.listen(pooled, "engine_disposed", lambda _: dispose())
    return engine


ENGINE = PerApp(_make_engine)
