"""What a worker held goes on as soon as another one of its machine sees that it has died, and nobody else's."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import insert

from downloads_app.extensions import db
from downloads_app.models import Status, User, WorkerProcess, utc_now
from downloads_app.services.queue import claims, workers
from downloads_app.worker import siblings
from tests.support.downloading import reload
from tests.support.file_server import FileServer
from tests.support.publishing import provide, publish, queue_download
from tests.support.server import wait_until
from tests.worker.running import FILES, working

HOUR = 3600


def ended_process() -> int:
    """Return the number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def zombie() -> Iterator[int]:
    """A process that has ended, and whose parent has not waited for it yet."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    yield process.pid
    process.wait()


def add_worker(pid: int, prefix: str) -> str:
    """Add the row of a worker that has just spoken."""
    worker_id = f"{prefix}{pid}"
    row = insert(WorkerProcess).values(
        id=worker_id,
        host=os.uname().nodename,
        pid=pid,
        started_at=utc_now(),
        last_seen_at=utc_now(),
        concurrency=1,
        version="1",
    )
    db.session.execute(row)
    db.session.commit()
    return worker_id


def test_what_a_dead_sibling_held_is_taken_over_long_before_its_lease_ends(
    app: Flask, alice: User, server: FileServer
) -> None:
    provider, gone = provide(server), ended_process()
    by_name = {
        "dead": add_worker(gone, siblings._prefix(gone)),
        "living": add_worker(os.getpid(), siblings._prefix(os.getpid())),
        "elsewhere": add_worker(gone, f"{os.uname().nodename}-{gone}-other"),
    }
    rows = {}
    for name, worker_id in by_name.items():
        publish(server, f"org/{name}", FILES)
        rows[name] = queue_download(alice, provider, f"org/{name}")
        assert claims.claim_next(worker_id, HOUR) is not None
    with working(app):
        wait_until(lambda: reload(rows["dead"]).status == Status.COMPLETED, what="completion")
    for name in ("living", "elsewhere"):
        assert (reload(rows[name]).status, reload(rows[name]).worker_id) == (Status.DOWNLOADING, by_name[name])
    assert {each.id for each in workers.list_workers(HOUR)} == {by_name["living"], by_name["elsewhere"]}


def test_a_process_that_nobody_has_waited_for_is_dead_too(app: Flask, zombie: int) -> None:
    worker_id = add_worker(zombie, siblings._prefix(zombie))
    assert siblings.find_dead() == [worker_id]


def test_another_users_process_is_not_taken_for_dead(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pid: int, _number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    gone = ended_process()
    add_worker(gone, siblings._prefix(gone))
    assert siblings.find_dead() == []


def test_ids_differ(app: Flask) -> None:
    assert siblings.new_id() != siblings.new_id()
    assert siblings.new_id().startswith(siblings._prefix(os.getpid()))
