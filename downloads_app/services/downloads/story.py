"""One download's story: its events, newest first."""

from sqlalchemy import func, select

from downloads_app.extensions import db
from downloads_app.models import Download, DownloadEvent
from downloads_app.services.downloads.representation import format_time
from downloads_app.services.pages import Page, Wanted
from downloads_app.services.queue.events import KEPT

NEWEST_FIRST = "-id"


def read(download: Download, wanted: Wanted | None = None) -> Page[DownloadEvent]:
    """Return a page of a download's events, newest first; without `wanted`, all that are kept."""
    wanted = wanted or Wanted(NEWEST_FIRST, page_size=KEPT)
    of_it = DownloadEvent.download_id == download.id
    newest = select(DownloadEvent).where(of_it).order_by(DownloadEvent.id.desc())
    rows = db.session.scalars(newest.offset((wanted.page - 1) * wanted.page_size).limit(wanted.page_size)).all()
    return Page(rows, db.session.scalar(select(func.count()).where(of_it)) or 0)


def as_dict(event: DownloadEvent) -> dict[str, object]:
    """Return an event as REST and the commands show it."""
    return {
        "at": format_time(event.at),
        "event": event.kind,
        "by": event.actor,
        "reason": event.reason,
        "until": format_time(event.until_at),
        "attempt": event.attempt,
        "current_bytes": event.current_bytes,
    }
