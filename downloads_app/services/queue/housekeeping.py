"""Removes old rows that are no longer needed."""

from sqlalchemy import delete, exists, select

from downloads_app.models import Deletion, Download, FailedSignIns, Repository, RevokedToken, SignIn
from downloads_app.services import idempotency
from downloads_app.services.database.autocommit import execute_alone, transaction_alone
from downloads_app.services.database.clock import CLOCKS_APART_SECONDS, database_now
from downloads_app.services.queue import workers

DELETIONS_KEPT_SECONDS = 3600
"""Every snapshot reads a deletion long before this."""
FAILURES_KEPT_SECONDS = 3600
"""Longer than any wait after wrong passwords."""

REPOSITORY_KEPT_SECONDS = 60
"""A repository's row is made a moment before its first download."""
REPOSITORIES_AT_A_TIME = 500


def remove_old_rows() -> None:
    """Remove old rows of deletions, workers, keyed requests and wrong passwords, and of tokens that have expired."""
    execute_alone(delete(Deletion).where(Deletion.deleted_at < database_now(-DELETIONS_KEPT_SECONDS)))
    execute_alone(delete(RevokedToken).where(RevokedToken.expires_at < database_now(-CLOCKS_APART_SECONDS)))
    execute_alone(delete(SignIn).where(SignIn.expires_at < database_now()))
    idempotency.remove_old()
    workers.remove_vanished()
    execute_alone(delete(FailedSignIns).where(FailedSignIns.last_at < database_now(-FAILURES_KEPT_SECONDS)))
    _remove_unused_repositories()


def _remove_unused_repositories() -> None:
    """Remove some rows of repositories that no download has.

    They are locked first and looked at again: else a download made in between would go with its repository.
    """
    is_unused = ~exists().where(Download.repository_id == Repository.id)
    is_old = Repository.created_at < database_now(-REPOSITORY_KEPT_SECONDS)
    unused = select(Repository.id).where(is_unused, is_old).limit(REPOSITORIES_AT_A_TIME)
    with transaction_alone() as connection:
        found = connection.scalars(unused.with_for_update(skip_locked=True)).all()
        if found:
            connection.execute(delete(Repository).where(Repository.id.in_(found), is_unused))
