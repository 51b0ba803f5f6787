"""Claim, lease, heartbeat, rescue: the database is the queue, and its clock the only one for leases.

Every function is one statement in a transaction of its own. What a worker writes about a download that it
has claimed is in `outcomes.py`.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, not_, select, update

from downloads_app.extensions import db
from downloads_app.models import ACTIVE, IS_RUNNING, Download, EventKind, Provider, Status
from downloads_app.services.database.autocommit import execute_alone, transaction_alone
from downloads_app.services.database.clock import database_now
from downloads_app.services.queue import events
from downloads_app.services.queue.claim_statement import SQLITE_NOTES, claim_statement
from downloads_app.services.queue.events import Note
from downloads_app.services.queue.pauses import is_held_back

MAX_FAILURES = 8
"""Starts in a row without a new byte, after which a download fails."""
FREE_FAILURES = 2
"""So many workers may vanish in a row before the download has to wait."""
FIRST_BACKOFF_SECONDS = 5.0
MAX_BACKOFF_SECONDS = 600.0


CLOCK_SECONDS = 60.0
"""How far clocks, and the LEASE_SECONDS of other workers, may differ from ours."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One worker's right to one download; worthless once the row has another attempt, worker or status."""

    download_id: str
    attempt: int
    """The fencing token: counts the claims of the download."""
    worker_id: str
    request_id: str | None = field(default=None, compare=False)
    """Of the request that queued it, for the log."""


@dataclass(frozen=True, slots=True)
class Rescued:
    """A download whose worker is gone."""

    download_id: str
    request_id: str | None
    """Of the request that queued it, for the log."""
    has_failed: bool
    """Whether that was one worker too many."""


def claim_next(worker_id: str, lease_seconds: float) -> Claim | None:
    """Claim the next download; None where nothing can be claimed."""
    dialect = db.engine.dialect.name
    statement, parameters = claim_statement(dialect), {"worker_id": worker_id, "lease_seconds": lease_seconds}
    if dialect == "postgresql":
        row = execute_alone(statement, parameters).first()
    else:
        with transaction_alone() as connection:
            row = connection.execute(statement, parameters).first()
            if row:
                for note in SQLITE_NOTES:
                    connection.execute(note, {"id": row.id, "worker_id": worker_id})
    return Claim(str(row.id), row.attempt, worker_id, row.request_id) if row else None


def renew_leases(worker_id: str, claims: Collection[Claim], lease_seconds: float) -> set[Claim]:
    """Heartbeat: extend the leases of these claims of one worker; return those that still hold."""
    by_id = {claim.download_id: claim for claim in claims}
    rows = execute_alone(
        update(Download)
        .where(Download.id.in_(by_id), Download.worker_id == worker_id, Download.status == Status.DOWNLOADING)
        .values(lease_expires_at=database_now(lease_seconds), updated_at=Download.updated_at)
        .returning(Download.id, Download.attempt)
    ).all()
    return {by_id[row.id] for row in rows if by_id[row.id].attempt == row.attempt}


def find_lost(claims: Collection[Claim]) -> list[str]:
    """Return the ids of those downloads that were given back or to another worker, though this one did not do it."""
    by_id = {claim.download_id: claim for claim in claims}
    rows = execute_alone(
        select(Download.id, Download.attempt, Download.worker_id).where(
            Download.id.in_(by_id), Download.status.in_(ACTIVE)
        )
    ).all()
    return [row.id for row in rows if (row.attempt, row.worker_id) != (by_id[row.id].attempt, by_id[row.id].worker_id)]


def cut_future_leases(lease_seconds: float) -> int:
    """Shorten leases that end later than any lease that is ever given; return how many there were.

    They come from before the database's clock was set back. A living worker renews its lease in time; the lease of a
    worker that is gone ends.
    """
    farthest = database_now(2 * lease_seconds + CLOCK_SECONDS)
    cut = execute_alone(
        update(Download)
        .where(Download.worker_id.is_not(None), Download.lease_expires_at > farthest)
        .values(lease_expires_at=database_now(lease_seconds), updated_at=Download.updated_at)
    )
    return int(cut.rowcount)


def end_leases(worker_id: str) -> None:
    """End the leases of a worker that is known to be dead, a moment ago."""
    ended = {"lease_expires_at": database_now(-1), "updated_at": Download.updated_at}
    execute_alone(update(Download).where(Download.worker_id == worker_id).values(ended))


def rescue_expired() -> list[Rescued]:
    """Give back the downloads of workers that are gone, with their bytes; return them.

    A download whose workers die again and again waits longer each time, and fails in the end.
    """
    failures = Download.failures + 1
    gives_up = failures >= MAX_FAILURES
    expired = (
        select(Download.id)
        .where(IS_RUNNING, Download.lease_expires_at < database_now())
        .with_for_update(skip_locked=True)
    )
    given_back = (
        update(Download)
        .where(Download.id.in_(expired))
        .values(
            status=case((gives_up, Status.FAILED.value), else_=Status.PENDING.value),
            failures=failures,
            trouble_began_at=func.coalesce(Download.trouble_began_at, database_now()),
            not_before_at=_rescue_delay(failures),
            error_message=case((gives_up, f"Gave up: {MAX_FAILURES} starts in a row brought no byte")),
            completed_at=case((gives_up, database_now())),
            **AT_REST,
        )
    )
    rescued = Note(
        lambda row: case((row.status == Status.FAILED.value, EventKind.FAILED.value), else_=EventKind.RESCUED.value),
        reason=lambda row: func.coalesce(row.error_message, "its worker was not heard of any more"),
        until=lambda row: row.not_before_at,
    )
    rows = events.change_alone(given_back, rescued)
    return [Rescued(str(row.id), row.request_id, row.status == Status.FAILED) for row in rows]


def backoff_seconds(failures: int) -> float:
    """Return the seconds to wait after the given number of failures in a row."""
    return min(MAX_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0 ** max(0, failures - 1))


def count_unfinished() -> int:
    """Count the downloads that run or will start by themselves, so not those that wait for room or a pause's end."""
    waits_for_room = and_(
        Download.status == Status.PENDING, Download.failures == 0, Download.not_before_at > database_now()
    )
    starts = func.coalesce(not_(waits_for_room), True), not_(is_held_back())
    query = select(func.count()).where(Download.status.in_(ACTIVE), *starts)
    return int(execute_alone(query).scalar() or 0)


def share_connections(worker_id: str) -> dict[str, int]:
    """Return how many connections each of this worker's downloads at a limited provider may use.

    A provider's connections are shared out among all its running downloads, the oldest claims first;
    0 says that there are more downloads than connections.
    """
    order = (Download.claimed_at, Download.id)
    place = func.row_number().over(partition_by=Download.provider_id, order_by=order)
    amount = func.count().over(partition_by=Download.provider_id)
    running = (
        select(
            Download.id,
            Download.worker_id,
            Provider.max_connections.label("most"),
            place.label("place"),
            amount.label("amount"),
        )
        .join(Provider, Provider.id == Download.provider_id)
        .where(IS_RUNNING, Provider.max_connections.is_not(None))
        .subquery()
    )
    rows = execute_alone(select(running).where(running.c.worker_id == worker_id)).all()
    return {row.id: row.most // row.amount + (row.place <= row.most % row.amount) for row in rows}


AT_REST: dict[str, object] = {
    "worker_id": None,
    "lease_expires_at": None,
    "download_speed": 0,
    "eta_seconds": None,
    "current_file": None,
    "has_room": False,
}
"""The columns of a download that nobody works on."""


def _rescue_delay(failures: ColumnElement[int]) -> ColumnElement[datetime | None]:
    delays = [(failures == n, database_now(backoff_seconds(n))) for n in range(FREE_FAILURES + 1, MAX_FAILURES)]
    return case(*delays)
