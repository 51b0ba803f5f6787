"""Rows that nobody needs any more."""

from sqlalchemy import delete

from downloads_app.models import Deletion, RevokedToken
from downloads_app.services.database.autocommit import execute_alone
from downloads_app.services.database.clock import database_now

DELETIONS_KEPT_SECONDS = 3600
"""Every snapshot has read them long before."""


def remove_old_rows() -> None:
    """Remove old notes of deletions, and revocations of tokens that have expired anyway."""
    execute_alone(delete(Deletion).where(Deletion.deleted_at < database_now(-DELETIONS_KEPT_SECONDS)))
    execute_alone(delete(RevokedToken).where(RevokedToken.expires_at < database_now()))
