"""The extensions, unbound, and how a database connection of ours behaves. Imports only what makes connections."""

import atexit
import weakref
from contextlib import suppress
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, MetaData, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase

from downloads_app import database_hosts as database_hosts  # its events, and the poolers', belong to every engine
from downloads_app.database_urls import is_sqlite

CONNECT_TIMEOUT_SECONDS = 5
SQLITE_BUSY_TIMEOUT_SECONDS = 10


class Base(DeclarativeBase):
    """The base of all models; constraints have names, so that migrations can change them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base)


def connect_args(database_url: str, statement_timeout_seconds: float) -> dict[str, Any]:
    """Return the driver's arguments for a new connection; with them no caller waits for the database for ever.

    PostgreSQL ends a long statement itself. If the server vanishes, TCP notices it in about the same time. The time
    to connect is that of each host.
    """
    if is_sqlite(database_url):
        return {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
    milliseconds = int(statement_timeout_seconds * 1000)
    return {
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        # A process that is stopped in the middle of a transaction must not hold its locks for ever. (See poolers.py.)
        "options": f"-c statement_timeout={milliseconds} -c timezone=UTC -c idle_in_transaction_session_timeout=60000",
        "application_name": "downloads_app",
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
    }


def engine_options(database_url: str, statement_timeout_seconds: float = 15) -> dict[str, Any]:
    """Return the options of an application's engine."""
    options: dict[str, Any] = {
        "pool_pre_ping": True,
        "connect_args": connect_args(database_url, statement_timeout_seconds),
    }
    if not is_sqlite(database_url):
        options |= {"pool_size": 5, "max_overflow": 10, "pool_timeout": 10, "pool_recycle": 1800}
    return options


def close_at_exit(app: Flask) -> None:
    """Close an application's idle connections when the process ends."""
    reference = weakref.ref(app)

    def close() -> None:
        ended = reference()
        if ended is not None:
            with suppress(SQLAlchemyError), ended.app_context():
                db.engine.dispose()

    atexit.register(close)


def forgive_lost_connections(app: Flask) -> None:
    """Let what is over be over: a connection that died after its last statement fails no request and no command.

    The session is closed at the end of each, and would raise then, in place of the answer.
    """

    @app.teardown_appcontext
    def end_transaction(_error: BaseException | None) -> None:
        if db.session.registry.has():
            try:
                db.session.rollback()
            except SQLAlchemyError:
                db.session().invalidate()


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Turn on WAL, so that readers continue while one process writes, and foreign keys, which SQLite leaves off."""
    if type(connection).__module__.startswith("sqlite3"):
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()
