"""What does not move, why, since when, and what to do about it.

A download that waits for its turn is not stuck: it is only counted. While no worker is alive, none has a turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, not_, or_, select

from downloads_app.errors import DISK_IS_FULL, NOT_ENOUGH_DISK
from downloads_app.extensions import db
from downloads_app.models import Download, Provider, QueuePause, Status
from downloads_app.models.downloads import PROVIDER_IS_PAUSED, QUEUE_IS_PAUSED
from downloads_app.services.database.clock import database_now
from downloads_app.services.downloads.history import PARTS
from downloads_app.services.queue import workers
from downloads_app.services.queue.claims import MAX_FAILURES
from downloads_app.services.queue.pauses import is_held_back, queue_paused_at
from downloads_app.services.references import SHORT_ID_LENGTH

SILENT_SECONDS = 60
"""So long no byte has come."""
NO_WORKER = "no worker is alive"
START_A_WORKER = "start one: downloads-app downloads worker"
RESUME_THE_QUEUE = "downloads-app queue resume"
LOST = "its worker was not heard of any more"


@dataclass(frozen=True, slots=True)
class Stuck:
    """A download that does not move."""

    download: Download
    reason: str
    since: datetime
    advice: str


@dataclass(frozen=True, slots=True)
class Hold:
    """What keeps all downloads from their turn, or all of a provider."""

    reason: str
    since: datetime | None
    """None where nobody has written it down."""
    downloads: int
    advice: str


@dataclass(frozen=True, slots=True)
class Standstill:
    """All that does not move."""

    downloads: Sequence[Stuck]
    """Those with a trouble of their own, the longest first; not all of them where there are many."""
    total: int
    """How many have a trouble of their own."""
    holds: Sequence[Hold]
    waiting: int
    """How many only wait for their turn."""


def survey(lease_seconds: float, limit: int) -> Standstill:
    """Return what does not move: at most `limit` downloads by themselves, and what holds others back all at once."""
    has_worker = workers.is_any_alive(lease_seconds)
    own = _has_own_trouble()
    total = db.session.scalar(select(func.count()).select_from(Download).where(own)) or 0
    holds, waiting = _find_holds()
    if waiting and not has_worker:
        holds, waiting = [*holds, Hold(NO_WORKER, None, waiting, START_A_WORKER)], 0
    return Standstill(_find(own, has_worker, limit), total, holds, waiting)


def find_stuck(lease_seconds: float, limit: int | None = None) -> Sequence[Stuck]:
    """Return each download that does not move, whatever holds it back; those that have been so for longest first."""
    has_worker = workers.is_any_alive(lease_seconds)
    is_held = is_held_back() if has_worker else Download.status == Status.PENDING
    return _find(or_(_has_own_trouble(), is_held), has_worker, limit)


def _find(which: ColumnElement[bool], has_worker: bool, limit: int | None) -> list[Stuck]:
    since = _since().label("since")
    query = select(Download, case((_is_lost(), 1), else_=0), since).join(Provider, Provider.id == Download.provider_id)
    found = query.where(which).options(*PARTS).order_by(since, Download.id).limit(limit)
    return [_explain(row, bool(lost), has_worker, began) for row, lost, began in db.session.execute(found)]


def _find_holds() -> tuple[list[Hold], int]:
    """Return the pauses that hold downloads back, and how many others have no trouble of their own: they wait."""
    waits = and_(Download.status == Status.PENDING, not_(_has_own_trouble()))
    query = select(Provider.name, Provider.paused_at, func.count().label("downloads"))
    rows = db.session.execute(
        query.join(Download, Download.provider_id == Provider.id).where(waits).group_by(Provider.id)
    ).all()
    queue_at = queue_paused_at()
    if queue_at is not None:
        downloads = sum(row.downloads for row in rows)
        return [Hold(QUEUE_IS_PAUSED, queue_at, downloads, RESUME_THE_QUEUE)] if downloads else [], 0
    held = [row for row in rows if row.paused_at is not None]
    holds = [Hold(f"provider {row.name} is paused", row.paused_at, row.downloads, _resume(row.name)) for row in held]
    return holds, sum(row.downloads for row in rows if row.paused_at is None)


def _is_lost() -> ColumnElement[bool]:
    return and_(Download.status == Status.DOWNLOADING, Download.lease_expires_at < database_now())


def _has_own_trouble() -> ColumnElement[bool]:
    """Return the condition of a download that does not move, though no pause holds it back and it may have its turn."""
    is_put_off = and_(
        Download.failures > 0,  # as after workers that vanished with it, which leave no reason
        Download.not_before_at.is_not(None),
        Download.not_before_at > database_now(),
    )
    waits = and_(Download.status == Status.PENDING, or_(Download.wait_reason.is_not(None), is_put_off))
    is_silent = and_(Download.status == Status.DOWNLOADING, Download.updated_at < database_now(-SILENT_SECONDS))
    return or_(and_(waits, not_(is_held_back())), _is_lost(), is_silent)


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
        return Stuck(download, LOST, since, "a worker that runs takes it over" if has_worker else START_A_WORKER)
    if download.status == Status.DOWNLOADING:
        advice = f"see whether its provider answers: downloads-app providers test {download.provider.name}"
        return Stuck(download, "no byte comes", since, advice)
    if download.waits_for == QUEUE_IS_PAUSED:
        return Stuck(download, QUEUE_IS_PAUSED, since, RESUME_THE_QUEUE)
    if download.waits_for == PROVIDER_IS_PAUSED:
        return Stuck(download, PROVIDER_IS_PAUSED, since, _resume(download.provider.name))
    if not has_worker:
        return Stuck(download, download.waits_for or NO_WORKER, since, START_A_WORKER)
    return Stuck(download, download.waits_for or LOST, since, _advise(download))


def _resume(provider: str) -> str:
    return f"downloads-app providers resume {provider}"


def _advise(download: Download) -> str:
    """Say what to do about a reason; which one it is our own words tell (see the worker's preparation of a job)."""
    reason = download.waits_for or ""
    if reason.startswith(NOT_ENOUGH_DISK) or DISK_IS_FULL in reason:
        return "make room in DOWNLOADS_DIR; it goes on by itself"
    if "quota" in reason:
        return "delete files of this user, or raise the quota; it goes on by itself"
    if "connections" in reason:
        return "wait; or raise the provider's --max-connections"
    failed = download.failures
    end = f" until {MAX_FAILURES} starts in a row have failed (so far: {failed})" if failed else ""
    story = f"downloads-app downloads show {download.id[:SHORT_ID_LENGTH]} --events tells more"
    return f"it is tried again by itself{end}; {story}"
