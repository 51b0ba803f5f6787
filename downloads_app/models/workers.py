"""Table of the processes that move bytes."""

from datetime import datetime

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from downloads_app.models.columns import Model, UtcDateTime


class WorkerProcess(Model):
    """A worker that runs, or that ended without stopping cleanly. Downloads have its id as `worker_id`."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(String(120), primary_key=True)
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int] = mapped_column()
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    concurrency: Mapped[int] = mapped_column()
    version: Mapped[str] = mapped_column(String(40))
    disk_free_bytes: Mapped[int | None] = mapped_column(BigInteger)
    """Of the filesystem of DOWNLOADS_DIR, as this worker saw it before its last heartbeat."""
    disk_size_bytes: Mapped[int | None] = mapped_column(BigInteger)
