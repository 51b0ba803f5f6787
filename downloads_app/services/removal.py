"""Removes rows of downloads in small steps.

A download may have 100,000 files, a user or a provider thousands of downloads. SQLite works in the thread that asks, so
one statement for all would hold the web server's event loop.
"""

import time
from collections.abc import Callable

from sqlalchemy import ColumnElement, delete, select, update

from downloads_app.extensions import db
from downloads_app.models import ACTIVE, Download, DownloadEvent, DownloadFile
from downloads_app.services.database.session import change_rows

DOWNLOADS_A_STEP = 200
ROWS_A_STEP = 1_000


def remove_rows(*which: ColumnElement[bool], note: Callable[[], None] = lambda: None) -> int:
    """Remove the rows of the downloads that match and are not active, with their listings and events; commits.

    Return how many downloads are gone. `note` is called in the transaction of each step that removes some.
    """
    count = 0
    matching = select(Download.id).where(*which, Download.status.not_in(ACTIVE)).limit(DOWNLOADS_A_STEP)
    while ids := db.session.scalars(matching).all():
        idle = (Download.id.in_(ids), Download.status.not_in(ACTIVE))
        # One that is made active again meanwhile must find no half of its listing: its next start makes a new one.
        change_rows(update(Download).where(*idle).values(commit=None, total_files=None))
        _pause()
        for table in (DownloadFile, DownloadEvent):
            some = select(table.id).where(table.download_id.in_(select(Download.id).where(*idle))).limit(ROWS_A_STEP)
            while change_rows(delete(table).where(table.id.in_(some))):
                _pause()
        if removed := change_rows(delete(Download).where(*idle)):
            count += removed
            note()
        _pause()
    return count


def _pause() -> None:
    """End a step, and let others go on."""
    db.session.commit()
    time.sleep(0)
