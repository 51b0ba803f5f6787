"""Tables of what `/metrics` tells of workers and queue: all web servers and workers of a database share them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Double, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from downloads_app.models.columns import Model, UtcDateTime


class MetricCount(Model):
    """What all workers have counted since this row was made (`services/metrics/tally.py`)."""

    __tablename__ = "metric_counts"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    provider: Mapped[str] = mapped_column(String(80), primary_key=True)
    """A provider's name; empty where it belongs to none."""
    label: Mapped[str] = mapped_column(String(40), primary_key=True)
    """A cause, or the upper bound of a bucket; empty where the count has neither."""
    value: Mapped[float] = mapped_column(Double)


class QueueReading(Model):
    """What the queue looked like a few seconds ago (`services/metrics/backlog.py`); the table has one row."""

    __tablename__ = "queue_readings"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When some process last took the turn to read."""
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    content: Mapped[str | None] = mapped_column(Text)
    """JSON."""
