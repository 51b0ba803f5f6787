"""Writes SQLite's log (`-wal`) into the database file when a process ends, so that the file alone is the database."""

import atexit
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from downloads_app.database_urls import is_sqlite, sqlite_file


def make_whole_at_exit(database_url: str) -> None:
    """Write the log into the file when this process ends."""
    if is_sqlite(database_url):
        atexit.register(make_whole, database_url)


def make_whole(database_url: str) -> None:
    """Write the log into the file, and remove it if nobody else has the database open (https://sqlite.org/wal.html).

    Does nothing for another database, or while somebody reads or writes: whoever ends last does it then.
    """
    if not is_sqlite(database_url):
        return
    path = sqlite_file(database_url)
    if not Path(f"{path}-wal").exists():
        return
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=0)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
