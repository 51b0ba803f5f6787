"""Tables of downloads, their files, and deletions."""

import enum
from datetime import datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    false,
    select,
    text,
)
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from downloads_app.models.accounts import User
from downloads_app.models.columns import Model, UtcDateTime, UuidText, new_id, utc_now
from downloads_app.models.providers import Provider, Repository
from downloads_app.models.queue import QueuePause


class Status(enum.StrEnum):
    """The state of a download; `services/downloads/lifecycle.py` has the changes that its owner may make."""

    PENDING = "pending"  # waits for a worker
    DOWNLOADING = "downloading"  # a worker holds its lease
    PAUSED = "paused"  # by its owner, bytes kept
    COMPLETED = "completed"  # every file verified and in place
    FAILED = "failed"  # error_message says why
    CANCELLED = "cancelled"  # by its owner, partial files removed


ACTIVE = (Status.PENDING, Status.DOWNLOADING)
FINISHED = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)
IS_ACTIVE = "status IN ('pending', 'downloading')"
IS_HELD = "worker_id IS NOT NULL"
HAS_REASON = "wait_reason IS NOT NULL"
PROVIDER_IS_PAUSED = "its provider is paused"
QUEUE_IS_PAUSED = "the queue is paused"


class Download(Model):
    """One user's fetch of a repository at one commit.

    `change_id` orders the writes for `services/live/snapshot.py`. At every write, of any program, triggers set it
    to the writing transaction's id (PostgreSQL) or to a counter (SQLite).
    """

    __tablename__ = "downloads"
    __table_args__ = (
        CheckConstraint("status IN ('pending','downloading','paused','completed','failed','cancelled')", name="status"),
        # The stream reads these: the active rows of the users who watch.
        Index(
            "ix_downloads_active",
            "user_id",
            "created_at",
            "id",
            postgresql_where=text(IS_ACTIVE),
            sqlite_where=text(IS_ACTIVE),
        ),
        # The rows that workers hold: running downloads, expired leases, folders that are being written.
        Index(
            "ix_downloads_lease",
            "lease_expires_at",
            postgresql_where=text(IS_HELD),
            sqlite_where=text(IS_HELD),
        ),
        # What waits for room, in its order: few of all that are pending.
        Index(
            "ix_downloads_waiting",
            "created_at",
            "id",
            postgresql_where=text(HAS_REASON),
            sqlite_where=text(HAS_REASON),
        ),
        # Lists: for every sort order, an index gives the keys of a page, and no more keys than the page needs.
        Index("ix_downloads_list_user", "user_id", "created_at", "id"),
        Index("ix_downloads_list_provider", "provider_id", "created_at", "id"),
        Index("ix_downloads_list_repository", "repository_id", "created_at", "id"),
        Index("ix_downloads_list_status", "status", "created_at", "id"),
        Index("ix_downloads_list_created", "created_at", "id"),
        Index("ix_downloads_list_updated", "updated_at", "id"),
        Index("ix_downloads_list_started", "started_at", "id"),
        Index("ix_downloads_list_completed", "completed_at", "id"),
        Index("ix_downloads_list_priority", "priority", "id"),
        Index("ix_downloads_list_bytes", "current_bytes", "id"),
        # The user who was served last waits longest.
        Index("ix_downloads_served", "user_id", "claimed_at"),
    )

    id: Mapped[str] = mapped_column(UuidText, primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    provider_id: Mapped[str] = mapped_column(ForeignKey("providers.id", ondelete="CASCADE"))
    repository_id: Mapped[str] = mapped_column(ForeignKey("repositories.id", ondelete="CASCADE"))

    revision: Mapped[str] = mapped_column(String(200))
    commit: Mapped[str | None] = mapped_column(String(64))
    include: Mapped[list[str]] = mapped_column(JSON, default=list)
    exclude: Mapped[list[str]] = mapped_column(JSON, default=list)
    request_id: Mapped[str | None] = mapped_column(String(64))
    """Of the request that queued it last. Its worker's log lines have it too."""
    priority: Mapped[int] = mapped_column(default=0)
    """Higher goes first, among the downloads of one user."""

    status: Mapped[str] = mapped_column(String(20), default=Status.PENDING)
    wait_reason: Mapped[str | None] = mapped_column(Text)
    """Why a pending download waits; None if it only waits for its turn. `waits_for` knows of pauses too."""
    not_before_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """A pending download is not claimed earlier (back-off, full disk)."""
    error_message: Mapped[str | None] = mapped_column(Text)
    attempt: Mapped[int] = mapped_column(default=0)
    """Counts the claims; the fencing token of every write by a worker."""
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failures: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """Starts in a row that brought no new byte. Each makes the next start wait longer; too many fail the download."""
    trouble_began_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it first had to wait since its last new byte, however often it was tried since; None if it did not."""
    worker_id: Mapped[str | None] = mapped_column(String(120))
    """The worker that writes its files. After a pause or cancel it stays until the worker lets go or its lease ends."""
    lease_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    current_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    total_bytes: Mapped[int | None] = mapped_column(BigInteger)
    needed_bytes: Mapped[int | None] = mapped_column(BigInteger)
    """How many bytes it still needs on the disk, by the worker's best knowledge; None before it was listed."""
    has_room: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether the running attempt has reserved these bytes."""
    current_file: Mapped[str | None] = mapped_column(Text)
    total_files: Mapped[int | None] = mapped_column()
    files_completed: Mapped[int] = mapped_column(default=0)
    download_speed: Mapped[int] = mapped_column(BigInteger, default=0)
    """Bytes per second."""
    eta_seconds: Mapped[int | None] = mapped_column(BigInteger)

    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it left the active states for completed, failed or cancelled."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, onupdate=utc_now)
    change_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), index=True)

    user: Mapped[User] = relationship()
    provider: Mapped[Provider] = relationship()
    repository: Mapped[Repository] = relationship()
    queue_paused_at: Mapped[datetime | None] = column_property(
        select(QueuePause.paused_at).scalar_subquery(), deferred=True
    )
    """Read with a list's rows, so that no row asks for it again."""

    @property
    def waits_for(self) -> str | None:
        """Why a pending download waits, pauses included; None if it only waits for its turn."""
        if self.status != Status.PENDING:
            return self.wait_reason
        if self.queue_paused_at is not None:
            return QUEUE_IS_PAUSED
        return PROVIDER_IS_PAUSED if self.provider.paused_at is not None else self.wait_reason


IS_RUNNING = and_(Download.worker_id.is_not(None), Download.status == Status.DOWNLOADING)
"""The condition of a download that a worker moves. It names the worker so that `ix_downloads_lease` is used."""

# Workers claim from this index: the head of each user's queue.
Index(
    "ix_downloads_pending",
    Download.user_id,
    Download.priority.desc(),
    Download.created_at,
    Download.id,
    postgresql_where=text("status = 'pending'"),
    sqlite_where=text("status = 'pending'"),
)


class DownloadFile(Model):
    """One file of a download, as listed when the download began, and when it was completed."""

    __tablename__ = "download_files"
    __table_args__ = (
        UniqueConstraint("download_id", "position"),
        Index("ix_download_files_sha256", "sha256", postgresql_where=text("completed_at IS NOT NULL")),
    )

    id: Mapped[str] = mapped_column(UuidText, primary_key=True, default=new_id)
    download_id: Mapped[str] = mapped_column(ForeignKey("downloads.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column()
    """Its position in the listing. It is the key because a path can be longer than an index entry may be."""
    path: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    """Its address in the listing; never a signed address."""
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    git_sha1: Mapped[str | None] = mapped_column(String(40))
    md5: Mapped[str | None] = mapped_column(String(32))
    xet_hash: Mapped[str | None] = mapped_column(String(64))
    about_bytes: Mapped[int | None] = mapped_column(BigInteger)
    """A rounded size: a plausibility check, see `sources.RemoteFile`."""
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DownloadSpeeds(Model):
    """The speed of a download over its whole time, as `services/downloads/speeds.py` writes it.

    A table of its own: the row of the download is written each second, and would be copied with all of this.
    """

    __tablename__ = "download_speeds"

    download_id: Mapped[str] = mapped_column(ForeignKey("downloads.id", ondelete="CASCADE"), primary_key=True)
    history: Mapped[str] = mapped_column(Text)


class Deletion(Model):
    """A download or user that was deleted. Triggers write it, so that the snapshot sees the deletion."""

    __tablename__ = "deletions"

    row_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    user_id: Mapped[str] = mapped_column(UuidText)
    change_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), index=True)
    deleted_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=text("CURRENT_TIMESTAMP"))
