"""Table of the requests that came with an `Idempotency-Key`."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from downloads_app.models.columns import Model, UtcDateTime, UuidText


class KeyedRequest(Model):
    """One request of a user, and its answer once there is one (see `services/idempotency.py`)."""

    __tablename__ = "keyed_requests"
    __table_args__ = (Index("ix_keyed_requests_user_id_begun_at", "user_id", "begun_at"),)

    user_id: Mapped[str] = mapped_column(UuidText, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    claim: Mapped[str] = mapped_column(UuidText)
    """Of the process that answers it: a later claim of the same key makes an earlier one void."""
    digest: Mapped[str] = mapped_column(String(64))
    """Of method, address and body, under our key: a body may hold a password."""
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    status: Mapped[int | None] = mapped_column(Integer)
    """None while it is in flight."""
    headers: Mapped[dict[str, str] | None] = mapped_column(JSON)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
