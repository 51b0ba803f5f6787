"""Which workers run, the time of each one's last heartbeat, and the downloads it holds."""

import os
import socket
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, func, insert, select, update
from sqlalchemy.orm import joinedload

from downloads_app import __version__
from downloads_app.extensions import db
from downloads_app.models import IS_RUNNING, Download, WorkerProcess
from downloads_app.services.database.autocommit import execute_alone
from downloads_app.services.database.clock import database_now

KEPT_SECONDS = 86_400
"""How long a vanished worker is still shown; a clean stop removes the row at once."""

HOST_LENGTH = 255


@dataclass(slots=True)
class Presence:
    """The values that a worker stores about itself."""

    worker_id: str
    concurrency: int
    started: float = field(default_factory=time.monotonic)
    disk_free_bytes: int | None = None
    disk_size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Host:
    """The living workers of a machine."""

    name: str
    workers: int
    concurrency: int
    """How many downloads they may run at a time, all together."""
    disk_free_bytes: int | None
    """Of the filesystem of DOWNLOADS_DIR there; None before a worker has looked."""
    disk_size_bytes: int | None


@dataclass(frozen=True, slots=True)
class WorkerState:
    """A worker as others see it."""

    id: str
    host: str
    pid: int
    started_at: datetime
    last_seen_at: datetime
    is_alive: bool
    """Whether it spoke within a lease."""
    concurrency: int
    version: str
    downloads: Sequence[Download]
    """What it holds, the oldest claim first."""


def tell(presence: Presence) -> None:
    """Say that this process is a worker, and alive."""
    of_it = WorkerProcess.id == presence.worker_id
    changing = {
        "last_seen_at": database_now(),
        "disk_free_bytes": presence.disk_free_bytes,
        "disk_size_bytes": presence.disk_size_bytes,
    }
    if execute_alone(update(WorkerProcess).where(of_it).values(changing)).rowcount == 0:
        row = insert(WorkerProcess).values(
            id=presence.worker_id,
            host=socket.gethostname()[:HOST_LENGTH],
            pid=os.getpid(),
            started_at=database_now(presence.started - time.monotonic()),
            **changing,
            concurrency=presence.concurrency,
            version=__version__,
        )
        execute_alone(row)


def remove(worker_id: str) -> None:
    """Say that this worker has stopped."""
    execute_alone(delete(WorkerProcess).where(WorkerProcess.id == worker_id))


def remove_vanished() -> None:
    """Forget workers that vanished long ago."""
    execute_alone(delete(WorkerProcess).where(WorkerProcess.last_seen_at < database_now(-KEPT_SECONDS)))


def list_processes(host: str) -> list[tuple[str, int]]:
    """Return the id and the process of each worker that a host has, or had lately."""
    query = select(WorkerProcess.id, WorkerProcess.pid).where(WorkerProcess.host == host[:HOST_LENGTH])
    return [(row.id, row.pid) for row in execute_alone(query)]


def is_any_alive(lease_seconds: float) -> bool:
    """Whether some worker spoke within a lease."""
    return bool(execute_alone(select(exists().where(_speaks(lease_seconds)))).scalar())


def list_alive(lease_seconds: float) -> list[str]:
    """Return the ids of the workers that spoke within a lease; each has its host and its process in it."""
    found = select(WorkerProcess.id).where(_speaks(lease_seconds)).order_by(WorkerProcess.id)
    return list(execute_alone(found).scalars())


def list_hosts(lease_seconds: float) -> list[Host]:
    """Return the machines that have workers which spoke within a lease, by name."""
    query = (
        select(
            WorkerProcess.host,
            func.count().label("workers"),
            func.sum(WorkerProcess.concurrency).label("concurrency"),
            func.min(WorkerProcess.disk_free_bytes).label("free"),
            func.max(WorkerProcess.disk_size_bytes).label("size"),
        )
        .where(_speaks(lease_seconds))
        .group_by(WorkerProcess.host)
        .order_by(WorkerProcess.host)
    )
    rows = execute_alone(query).all()
    return [Host(row.host, row.workers, int(row.concurrency), row.free, row.size) for row in rows]


def list_workers(lease_seconds: float) -> list[WorkerState]:
    """Return all workers with what each holds, the one that started last first."""
    held = defaultdict(list)
    parts = joinedload(Download.user), joinedload(Download.provider), joinedload(Download.repository)
    running = select(Download).where(IS_RUNNING).options(*parts).order_by(Download.claimed_at)
    for download in db.session.scalars(running):
        held[download.worker_id].append(download)
    newest_first = (WorkerProcess.started_at.desc(), WorkerProcess.id)
    found = db.session.execute(select(WorkerProcess, _speaks(lease_seconds).label("is_alive")).order_by(*newest_first))
    return [
        WorkerState(
            id=row.id,
            host=row.host,
            pid=row.pid,
            started_at=row.started_at,
            last_seen_at=row.last_seen_at,
            is_alive=bool(is_alive),
            concurrency=row.concurrency,
            version=row.version,
            downloads=held[row.id],
        )
        for row, is_alive in found
    ]


def _speaks(lease_seconds: float) -> ColumnElement[bool]:
    return WorkerProcess.last_seen_at >= database_now(-lease_seconds)
