"""Rows of downloads in any state, for tests of what the page makes of them; no worker takes them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from downloads_app.extensions import db
from downloads_app.models import Download, utc_now
from downloads_app.services.accounts import users
from downloads_app.services.providers import catalog
from tests.browser.stack import Stack

HELD = {"status": "downloading", "worker_id": "a test", "total_bytes": 1_000_000, "current_bytes": 1000}
"""Columns of a download that seems to run: no lease of its worker ever ends."""
WAITING = {"status": "pending"}
FAILED = {"status": "failed", "total_bytes": 900, "current_bytes": 300, "error_message": "org/x is not found (404)"}
DAMAGED = {**FAILED, "error_message": "model.bin: its SHA-256 is 40401403…, 9d8e… is expected"}


def ended_now(**columns: Any) -> dict[str, Any]:
    return {**columns, "completed_at": utc_now()}


@contextmanager
def rows_of(stack: Stack, username: str, *rows: dict[str, Any], name: str = "made/model") -> Iterator[list[str]]:
    """Add rows with these columns, in this order; their ids; gone at the end. `repository` names another one."""
    with stack.app.app_context():
        user, provider = users.find_user(username), catalog.find_provider("hub")
        ids = []
        for number, given in enumerate(rows):
            columns = dict(given)
            repository = catalog.find_or_create_repository(provider, columns.pop("repository", name))
            made = Download(
                **{
                    "user_id": user.id,
                    "provider_id": provider.id,
                    "repository_id": repository.id,
                    "revision": f"r{number}",
                    "created_at": utc_now() + timedelta(milliseconds=number),
                    # Workers leave what is not due alone.
                    "not_before_at": utc_now() + timedelta(hours=1),
                    **columns,
                }
            )
            db.session.add(made)
            db.session.flush()
            ids.append(made.id)
        db.session.commit()
    try:
        yield ids
    finally:
        with stack.app.app_context():
            db.session.query(Download).filter(Download.id.in_(ids)).delete()
            db.session.commit()


def change(stack: Stack, download_id: str, **columns: Any) -> None:
    """Change columns of a row, as a worker would."""
    with stack.app.app_context():
        db.session.execute(update(Download).where(Download.id == download_id).values(**columns))
        db.session.commit()
