"""A slow database holds no transfer up: rows are written beside it, and in few statements."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event

from downloads_app.models import Provider, Status, User
from downloads_app.services.downloads import listings
from tests.support.downloading import folder_of, reload
from tests.support.file_server import Fault, FileServer
from tests.support.publishing import publish, queue_download
from tests.worker.running import make_job, running

FILES = {f"part-{number:04}.bin": b"%d" % number for number in range(1000)}
WRITES = ("INSERT", "UPDATE", "DELETE", "WITH")
STATEMENT_SECONDS = 0.05


class Database:
    """Delays every statement, and counts those that write, by the thread that waits for them."""

    def __init__(self) -> None:
        self.writers: list[str] = []
        self.is_reached = threading.Event()
        self.may_go_on = threading.Event()
        self.holds_files = False

    def delay(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().startswith(WRITES):
            self.writers.append(threading.current_thread().name)
        if self.holds_files and "download_files" in statement and "UPDATE" in statement:
            self.is_reached.set()
            assert self.may_go_on.wait(60)
        time.sleep(STATEMENT_SECONDS)


@pytest.fixture
def database(app: Flask) -> Iterator[Database]:
    with slow_down(Database()) as slow:
        yield slow


@contextmanager
def slow_down(slow: Database) -> Iterator[Database]:
    event.listen(Engine, "before_cursor_execute", slow.delay)
    try:
        yield slow
    finally:
        event.remove(Engine, "before_cursor_execute", slow.delay)


def test_a_thousand_files_cost_a_few_statements_and_none_in_the_thread_that_moves_bytes(
    app: Flask, alice: User, provider: Provider, server: FileServer, database: Database
) -> None:
    publish(server, "org/model", FILES)
    row = queue_download(alice, provider)
    job = make_job(app)
    database.writers.clear()
    with running(job) as thread:
        thread.join(120)
    assert reload(row).status == Status.COMPLETED
    assert len(list(folder_of(reload(row)).iterdir())) == len(FILES)
    by_transfer = [name for name in database.writers if name == thread.name]
    assert len(by_transfer) < 20, "the listing before it, the end after it"
    assert len(database.writers) < 60, "at most a few a second, and one for 500 files"
    assert all(file.is_completed for file in listings.read_listing(row.id))


def test_files_arrive_while_the_rows_of_the_first_ones_are_still_being_written(
    app: Flask, alice: User, provider: Provider, server: FileServer, database: Database
) -> None:
    publish(server, "org/model", FILES)
    for path in list(FILES)[500:508]:
        server.fail(f"org/model/{path}", Fault(before=lambda: database.is_reached.wait(30)))
    row = queue_download(alice, provider)
    job = make_job(app)
    database.holds_files = True
    folder = folder_of(reload(row))
    with running(job) as thread:
        deadline = time.monotonic() + 60
        while len(list(folder.glob("*"))) < len(FILES) and time.monotonic() < deadline:
            time.sleep(0.02)
        arrived, is_held = len(list(folder.glob("*"))), database.is_reached.is_set()
        database.may_go_on.set()
        thread.join(60)
    assert is_held
    assert arrived == len(FILES)
    assert reload(row).status == Status.COMPLETED
