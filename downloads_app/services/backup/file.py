"""The file of a backup: an SQLite database with the rows, how many they are, and their digests.

Its tables have no triggers and no indexes. The digests tell of damage, not of forgery.
"""

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, ExceptionContext, NullPool, Select, create_engine, event, literal_column, select
from sqlalchemy import table as named
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

from downloads_app.errors import Conflict, InvalidInput
from downloads_app.models import utc_now
from downloads_app.modes import SECRET_MODE
from downloads_app.services.backup.rows import tables
from downloads_app.services.downloads.representation import format_time

FORMAT = "downloads_app backup 1"


class _Plain(sqlite3.Connection):
    """A connection that our engines' settings for SQLite (a log beside the file) do not concern: see extensions.py."""


@contextmanager
def written(path: Path, revision: str) -> Iterator[Engine]:
    """Give an engine to write rows with; at the end of the block the file is complete and stands at `path`.

    Raises Conflict where a file is there already or the disk refuses; then nothing is left behind.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        if os.path.lexists(path):
            raise Conflict(f"{path} exists already; a backup replaces no file")
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, SECRET_MODE))
        try:
            engine = _engine(draft, "rwc")
            event.listen(engine, "handle_error", _raise_original)
            with engine.begin() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode=OFF")
                connection.exec_driver_sql("PRAGMA synchronous=OFF")
                for table in tables():
                    connection.execute(CreateTable(table))
            yield engine
            _describe(draft, revision)
            _sync(draft)
            draft.rename(path)
        finally:
            with suppress(FileNotFoundError):
                draft.unlink()
    except (OSError, sqlite3.Error) as exc:
        raise Conflict(f"The backup cannot be written to {path}: {getattr(exc, 'strerror', None) or exc}") from exc


@contextmanager
def opened(path: Path, revision: str) -> Iterator[Engine]:
    """Give an engine to read a backup with, after it has been checked whole; raises InvalidInput."""
    try:
        with closing(_connect(path, "ro")) as connection:
            _check(connection, path, revision)
    except OSError as exc:
        raise InvalidInput(f"{path} cannot be read: {exc.strerror}") from exc
    except (sqlite3.Error, ValueError, KeyError, TypeError) as exc:
        raise InvalidInput(f"{path} is not a backup of this service, or it is damaged") from exc
    yield _engine(path, "ro")


def _check(connection: sqlite3.Connection, path: Path, revision: str) -> None:
    (pages,), (page_bytes,) = (connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size"))
    if pages * page_bytes != path.stat().st_size:
        raise ValueError("not whole")
    kinds = dict(connection.execute("SELECT name, type FROM sqlite_master"))
    is_table = kinds["backup_about"] == "table"
    about = dict(connection.execute("SELECT key, value FROM backup_about")) if is_table else {}
    if about["format"] != FORMAT:
        raise ValueError("another format")
    if about["revision"] != revision:
        raise InvalidInput(
            f"{path} was made at version {str(about['revision'])[:40]!r} of the database, and this is {revision}: "
            "restore it with the code of then, and upgrade afterwards"
        )
    told = json.loads(about["tables"])
    for table in tables():
        if kinds[table.name] != "table":
            raise ValueError("no table")
        if told[table.name] != _digest(connection, table.name):
            raise InvalidInput(f"{path} is damaged: the rows of {table.name} are not those that were written")


def _describe(path: Path, revision: str) -> None:
    with closing(_connect(path, "rw")) as connection:
        told = {table.name: _digest(connection, table.name) for table in tables()}
        about = {
            "format": FORMAT,
            "revision": revision,
            "created_at": format_time(utc_now()),
            "tables": json.dumps(told),
        }
        connection.execute("CREATE TABLE backup_about (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
        connection.executemany("INSERT INTO backup_about VALUES (?, ?)", about.items())
        connection.commit()


def _digest(connection: sqlite3.Connection, table: str) -> list[object]:
    """Return how many rows a table has, and the digest of their values."""
    digest, count = hashlib.sha256(), 0
    every: Select[Any] = select(literal_column("*")).select_from(named(table)).order_by(literal_column("rowid"))
    for row in connection.execute(str(every.compile(dialect=sqlite.dialect()))):
        digest.update(repr(row).encode("utf-8", "surrogatepass"))
        count += 1
    return [count, digest.hexdigest()]


def _engine(path: Path, mode: str) -> Engine:
    return create_engine("sqlite://", creator=lambda: _connect(path, mode), poolclass=NullPool)


def _raise_original(context: ExceptionContext) -> None:
    """Raise the driver's own error: SQLAlchemy's would look like one of the database that is backed up."""
    raise context.original_exception


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    if mode == "ro":
        path.open("rb").close()  # tells why it cannot be read; SQLite does not
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, factory=_Plain)
    connection.execute("PRAGMA trusted_schema=OFF")
    return connection


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
