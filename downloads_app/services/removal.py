"""Removes rows of downloads in small steps.

A download may have 100,000 files, a user or a provider thousands of downloads. SQLite works in the thread that asks, so
one statement for all would hold the web server's event loop.
"""

import time

from sqlalchemy import ColumnElement, delete, select, update

from downloads_app.extensions import db
from downloads_app.models import ACTIVE, Download, DownloadEvent, DownloadFile

DOWNLOADS_A_STEP = 200
ROWS_A_STEP = 1_000


def remove_rows(*which: ColumnElement[bool]) -> None:
    """Remove the rows of the downloads that match and are not active, with their listings and events; commits."""
    matching = select(Download.id).where(*which, Download.status.not_in(ACTIVE)).limit(DOWNLOADS_A_STEP)
    while ids := db.session.scalars(matching).all():
        idle = (Download.id.in_(ids), Download.status.not_in(ACTIVE))
        # One that is made active again meanwhile must find no half of its listing: its next start makes a new one.
        db.session.execute(
            update(Download).where(*idle).values(commit=None, total_files=None), execution_options=_AS_IT_IS
        )
        _pause()
        for table in (DownloadFile, DownloadEvent):
            some = select(table.id).where(table.download_id.in_(select(Download.id).where(*idle))).limit(ROWS_A_STEP)
            while db.session.execute(delete(table).where(table.id.in_(some)), execution_options=_AS_IT_IS).rowcount:  # type: ignore[attr-defined]  # it changes rows
                _pause()
        db.session.execute(delete(Download).where(*idle), execution_options=_AS_IT_IS)
        _pause()


_AS_IT_IS = {"synchronize_session": False}


def _pause() -> None:
    """End a step, and let others go on."""
    db.session.commit()
    time.sleep(0)
