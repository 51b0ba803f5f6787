"""Table that says whether the whole queue is paused."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from downloads_app.models.columns import Model, UtcDateTime


class QueuePause(Model):
    """The queue is paused while this table has its one row."""

    __tablename__ = "queue_pauses"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    paused_at: Mapped[datetime] = mapped_column(UtcDateTime)
