"""Table of what is done once a day."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from downloads_app.models.columns import Model, UtcDateTime


class DailyTask(Model):
    """Something that one worker of all does once a day (`services/queue/daily.py`)."""

    __tablename__ = "daily_tasks"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
