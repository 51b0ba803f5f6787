"""Removes old rows that are no longer needed."""

from sqlalchemy import delete

from downloads_app.models import Deletion, FailedSignIns, RevokedToken, SignIn
from downloads_app.services.database.autocommit import execute_alone
from downloads_app.services.database.clock import database_now
from downloads_app.services.queue import workers

DELETIONS_KEPT_SECONDS = 3600
"""Every snapshot reads a deletion long before this."""
FAILURES_KEPT_SECONDS = 3600
"""Longer than any wait after wrong passwords."""


def remove_old_rows() -> None:
    """Remove old rows of deletions, workers and wrong passwords, and rows of tokens that have expired."""
    execute_alone(delete(Deletion).where(Deletion.deleted_at < database_now(-DELETIONS_KEPT_SECONDS)))
    execute_alone(delete(RevokedToken).where(RevokedToken.expires_at < database_now()))
    execute_alone(delete(SignIn).where(SignIn.expires_at < database_now()))
    workers.remove_vanished()
    execute_alone(delete(FailedSignIns).where(FailedSignIns.last_at < database_now(-FAILURES_KEPT_SECONDS)))
