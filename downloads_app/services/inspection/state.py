"""What the database tells of the installation's health."""

import time

from sqlalchemy import func, select, text

from downloads_app.extensions import db
from downloads_app.models import IS_RUNNING, Download
from downloads_app.services.database.autocommit import execute_alone
from downloads_app.services.database.clock import database_now


def measure_clock_difference() -> float:
    """Return the seconds by which the database's clock is ahead of ours (below 0: behind), give or take the way."""
    before = time.time()
    told = execute_alone(select(database_now())).scalar_one()
    after = time.time()
    return float(told.timestamp() - (before + after) / 2)


def takes_writes() -> bool:
    """Whether the database can be written to: it is no replica, and not set to read only."""
    if db.engine.dialect.name != "postgresql":
        return True
    return bool(execute_alone(text("SELECT current_setting('transaction_read_only') = 'off'")).scalar())


def count_stale_leases(lease_seconds: float) -> int:
    """Count the running downloads whose worker is gone, and which nobody has taken over for another lease."""
    is_stale = Download.lease_expires_at < database_now(-lease_seconds)
    return int(execute_alone(select(func.count()).select_from(Download).where(IS_RUNNING, is_stale)).scalar_one())
