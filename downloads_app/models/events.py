"""Table of the events of each download."""

import enum
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from downloads_app.models.columns import Model, UtcDateTime


class EventKind(enum.StrEnum):
    """What can happen to a download."""

    CREATED = "created"  # by its owner, or an admin for them
    CLAIMED = "claimed"  # by a worker, which looks for its files now
    FIRST_BYTE = "first_byte"  # of this attempt
    WAITING = "waiting"  # for a reason that counts as no failure, such as a full disk
    RETRIED = "retried"  # by its owner; or by itself, after a failure that may pass
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCELLED = "cancelled"
    PRIORITY = "priority"  # was changed
    HANDED_BACK = "handed_back"  # by a worker that stops
    RESCUED = "rescued"  # from a worker whose lease has ended
    FAILED = "failed"
    WARNED = "warned"  # of a file that was accepted although something is missing to prove it whole
    VERIFIED = "verified"  # every file, against what its provider tells of it
    COMPLETED = "completed"


class DownloadEvent(Model):
    """One thing that happened to a download. Written beside the change itself, see `services/queue/events.py`."""

    __tablename__ = "download_events"
    __table_args__ = (Index("ix_download_events_download_id_id", "download_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    """In the order in which things happened to one download."""
    download_id: Mapped[str] = mapped_column(ForeignKey("downloads.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(String(20))
    actor: Mapped[str | None] = mapped_column(String(120))
    """A user's name, `command line`, or a worker's id; None if no person or worker did it."""
    reason: Mapped[str | None] = mapped_column(Text)
    until_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The download is not claimed before this."""
    attempt: Mapped[int] = mapped_column()
    current_bytes: Mapped[int] = mapped_column(BigInteger)
    """The download's bytes at that moment."""
