"""What is done once a day, by one worker of all that share a database."""

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from downloads_app.models import DailyTask
from downloads_app.services.database.autocommit import execute_alone
from downloads_app.services.database.clock import database_now

DAY_SECONDS = 86_400


def take(name: str) -> bool:
    """Whether the caller is to do the task now: nobody has begun it for a day, by the database's clock."""
    is_due = (DailyTask.name == name, DailyTask.begun_at < database_now(-DAY_SECONDS))
    if execute_alone(update(DailyTask).where(*is_due).values(begun_at=database_now())).rowcount:
        return True
    try:
        execute_alone(insert(DailyTask).values(name=name, begun_at=database_now()))
    except IntegrityError:
        return False  # it is there: begun within the last day, perhaps a moment ago by another worker
    return True
