"""What does not move, why, since when, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from downloads_app.errors import DISK_IS_FULL, NOT_ENOUGH_DISK
from downloads_app.extensions import db
from downloads_app.models import Download, Provider, QueuePause, Status
from downloads_app.models.downloads import PROVIDER_IS_PAUSED, QUEUE_IS_PAUSED
from downloads_app.services.database.clock import database_now
from downloads_app.services.downloads.history import PARTS
from downloads_app.services.queue import workers
from downloads_app.services.queue.pauses import is_held_back
from downloads_app.services.references import SHORT_ID_LENGTH

SILENT_SECONDS = 60
"""So long no byte has come, or no worker has taken it."""
START_A_WORKER = "start one: downloads-app downloads worker"


@dataclass(frozen=True, slots=True)
class Stuck:
    """A download that does not move."""

    download: Download
    reason: str
    since: datetime
    advice: str


def find_stuck(lease_seconds: float) -> Sequence[Stuck]:
    """Return the downloads that do not move, those that have been so for longest first."""
    has_worker = workers.is_any_alive(lease_seconds)
    is_lost = and_(Download.status == Status.DOWNLOADING, Download.lease_expires_at < database_now())
    is_silent = Download.updated_at < database_now(-SILENT_SECONDS)
    waits = and_(Download.status == Status.PENDING, or_(Download.wait_reason.is_not(None), is_silent))
    stands = and_(Download.status == Status.DOWNLOADING, is_silent)
    since = _since().label("since")
    query = select(Download, case((is_lost, 1), else_=0), since).join(Provider, Provider.id == Download.provider_id)
    found = query.where(or_(waits, is_lost, stands, is_held_back())).options(*PARTS).order_by(since, Download.id)
    return [_explain(row, bool(lost), has_worker, began) for row, lost, began in db.session.execute(found)]


def _since() -> ColumnElement[datetime]:
    """Return when a download's trouble began: a try that failed or a pause; without both, when it last changed.

    What it waited for before a pause does not count, nor does the pause's time before the download was there.
    """
    paused_at = func.coalesce(select(QueuePause.paused_at).scalar_subquery(), Provider.paused_at)
    is_paused = and_(Download.status == Status.PENDING, paused_at.is_not(None))
    return case(
        (and_(is_paused, paused_at > Download.created_at), paused_at),
        (is_paused, Download.created_at),
        else_=func.coalesce(Download.trouble_began_at, Download.updated_at),
    )


def _explain(download: Download, is_lost: bool, has_worker: bool, since: datetime) -> Stuck:
    if is_lost:
        advice = "a worker that runs takes it over" if has_worker else START_A_WORKER
        return Stuck(download, "its worker was not heard of any more", since, advice)
    if download.status == Status.DOWNLOADING:
        advice = f"see whether its provider answers: downloads-app providers test {download.provider.name}"
        return Stuck(download, "no byte comes", since, advice)
    if download.waits_for == QUEUE_IS_PAUSED:
        return Stuck(download, QUEUE_IS_PAUSED, since, "downloads-app queue resume")
    if download.waits_for == PROVIDER_IS_PAUSED:
        return Stuck(download, PROVIDER_IS_PAUSED, since, f"downloads-app providers resume {download.provider.name}")
    if not has_worker:
        return Stuck(download, download.waits_for or "no worker is alive", since, START_A_WORKER)
    if download.waits_for is None:
        return Stuck(
            download, "other downloads have their turn", since, "wait; or more workers, or a higher --concurrency"
        )
    return Stuck(download, download.waits_for, since, _advise(download))


def _advise(download: Download) -> str:
    """Say what to do about a reason; which one it is our own words tell (see the worker's preparation of a job)."""
    reason = download.waits_for or ""
    if reason.startswith(NOT_ENOUGH_DISK) or DISK_IS_FULL in reason:
        return "make room in DOWNLOADS_DIR; it goes on by itself"
    if "quota" in reason:
        return "delete files of this user, or raise the quota; it goes on by itself"
    if "connections" in reason:
        return "wait; or raise the provider's --max-connections"
    return (
        f"it is tried again by itself; downloads-app downloads show {download.id[:SHORT_ID_LENGTH]} --events tells more"
    )
