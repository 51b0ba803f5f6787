"""Writes SQLite's log (`-wal`) into the database file when a process ends, so that the file alone is the database."""

import atexit
import sqlite3
import weakref
from contextlib import closing, suppress
from pathlib import Path

from flask import Flask
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from downloads_app.extensions import db


def leave_whole_at_exit(app: Flask, database_url: str) -> None:
    """Close this process's connections when it ends, and write the log into the file."""
    reference = weakref.ref(app)

    def leave_whole() -> None:
        ended = reference()
        if ended is not None:
            with suppress(SQLAlchemyError), ended.app_context():
                db.engine.dispose()
            make_whole(database_url)

    if is_sqlite(database_url):
        atexit.register(leave_whole)


def make_whole(database_url: str) -> None:
    """Write the log into the file, and remove it if nobody else has the database open (https://sqlite.org/wal.html).

    Does nothing for another database, or while somebody reads or writes: whoever ends last does it then.
    """
    if not is_sqlite(database_url):
        return
    path = file_of(database_url)
    if not Path(f"{path}-wal").exists():
        return
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=0)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def is_sqlite(database_url: str) -> bool:
    """Whether a URL names an SQLite file."""
    return bool(make_url(database_url).get_backend_name() == "sqlite")


def file_of(database_url: str) -> Path:
    """Return the SQLite file that a URL names."""
    return Path(make_url(database_url).database or "")
