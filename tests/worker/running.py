"""Runs workers, and single jobs of theirs, inside the test's process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask

from downloads_app.config import current_settings
from downloads_app.models import Status
from downloads_app.services.queue import claims
from downloads_app.services.queue.claims import Claim
from downloads_app.worker.job.job import Job
from downloads_app.worker.job.lease import Lease, read_clock
from downloads_app.worker.runner import Worker
from downloads_app.worker.transfer.bandwidth import Limits
from tests.support.downloading import LEASE_SECONDS, WORKER, reload
from tests.worker.transfer.transferring import noise

FILES = {"config.json": b"{}", "model.bin": noise(3_000_000), "deep/er/größe %.bin": noise(70_000, 1), "empty": b""}
TOTAL_BYTES = sum(map(len, FILES.values()))


@contextmanager
def working(app: Flask, **options: Any) -> Iterator[tuple[Worker, threading.Thread]]:
    """Run a worker beside the test; it is drained at the end."""
    worker = Worker(app, current_settings(), **options)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker, thread
    finally:
        worker.drain()
        thread.join(30)
    assert not thread.is_alive()


def make_job(app: Flask, worker: str = WORKER) -> Job:
    """Claim the next download and prepare its job."""
    asked_at = read_clock()
    claim = claims.claim_next(worker, LEASE_SECONDS)
    assert claim is not None, "nothing to claim"
    return Job(app, claim, Lease(LEASE_SECONDS, asked_at), Limits(connections=4), lambda: False)


def run(app: Flask, worker: str = WORKER) -> Claim:
    """Run the next download in this thread, to its end."""
    job = make_job(app, worker)
    job.run()
    return job.claim


def run_to_failure(app: Flask) -> str:
    """Run the next download, which is to fail; return the reason that its row gives."""
    row = reload(run(app))
    assert row.status == Status.FAILED
    return row.error_message or ""


@contextmanager
def running(job: Job) -> Iterator[threading.Thread]:
    """Run a job beside the test; it has ended when the block is left."""
    thread = threading.Thread(target=job.run)
    thread.start()
    try:
        yield thread
    finally:
        job.lease.end()
        thread.join(30)
    assert not thread.is_alive()


def arrived(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below `folder` by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
