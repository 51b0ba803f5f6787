"""Disk room is shared: running downloads keep what they still need; those that wait for room continue in turn."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnExpressionArgument, Float, Select, and_, cast, func, or_, select, update

from downloads_app.errors import DISK_IS_FULL, NOT_ENOUGH_DISK
from downloads_app.models import IS_RUNNING, Download, Status
from downloads_app.services.database.autocommit import execute_alone, transaction_alone
from downloads_app.services.database.clock import database_now
from downloads_app.services.queue.claims import Claim

REST_SECONDS = 3.0
"""How long a download that found no room waits at least: it may have measured more free room than the rows show."""
Waiting = Select[Download]
WAITS = (
    Download.status == Status.PENDING,
    Download.failures == 0,
    Download.wait_reason.is_not(None),  # so that the index of those that have one can be used
    or_(Download.wait_reason.startswith(NOT_ENOUGH_DISK), Download.wait_reason.contains(DISK_IS_FULL)),
    Download.updated_at < database_now(-REST_SECONDS),
)
"""The condition of a download that waits for disk room, and has rested."""
_LOCK = 0x726F6F6D
"""The number of PostgreSQL's lock for this; it ends with the transaction."""
_NEED = func.coalesce(Download.needed_bytes, Download.total_bytes - Download.current_bytes, 0)


@dataclass(frozen=True, slots=True)
class Reservation:
    """The answer to a download that wants room: whether it got it, and the numbers in bytes."""

    is_granted: bool
    free_bytes: int
    taken_bytes: int
    """What other running downloads have reserved of the free bytes."""


def reserve(claim: Claim, needed_bytes: int, measure_free: Callable[[], int]) -> Reservation:
    """Reserve the bytes that a download needs, if they are free. In all workers, one download asks at a time.

    What was claimed earlier comes first, also if it has yet to ask.
    """
    own = select(Download.claimed_at).where(Download.id == claim.download_id).scalar_subquery()
    is_earlier = or_(Download.claimed_at < own, and_(Download.claimed_at == own, Download.id < claim.download_id))
    with transaction_alone() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        others = _sum_needs(Download.id != claim.download_id, or_(Download.has_room, is_earlier))
        taken = int(connection.execute(others).scalar() or 0)
        free = measure_free()
        is_granted = needed_bytes == 0 or needed_bytes <= free - taken  # others may have reserved more than is free
        mine = update(Download).where(Download.id == claim.download_id, Download.attempt == claim.attempt, IS_RUNNING)
        connection.execute(mine.values(needed_bytes=needed_bytes, has_room=is_granted))
    return Reservation(is_granted, free, taken)


def left_bytes(free_bytes: int) -> int:
    """Return the free bytes that no running download has reserved."""
    return free_bytes - int(execute_alone(_sum_needs(Download.has_room)).scalar() or 0)


def need_of(download: Download) -> int:
    """Return how many bytes a download still needs on the disk, by our best knowledge."""
    if download.needed_bytes is not None:
        return download.needed_bytes
    return max(0, (download.total_bytes or 0) - download.current_bytes)


def find_waiting() -> Waiting:
    """Return the query of the downloads that wait for disk room, the oldest first."""
    return select(Download).where(*WAITS).order_by(Download.created_at, Download.id)


def let_one_go_on(room: int) -> str | None:
    """Let the oldest download continue that waits for disk room and fits into `room` bytes; return its id, or None."""
    if room <= 0:
        return None
    waits = and_(*WAITS, Download.not_before_at > database_now(), room >= _NEED)
    first = select(Download.id).where(waits).order_by(Download.created_at, Download.id).limit(1).scalar_subquery()
    row = execute_alone(
        update(Download).where(Download.id == first, waits).values(not_before_at=None).returning(Download.id)
    ).first()
    return str(row.id) if row else None


def _sum_needs(*which: ColumnExpressionArgument[bool]) -> Select[float | None]:
    """Return the query of their sum. As whole numbers, two sizes that nobody can store are too much for SQLite."""
    return select(func.coalesce(func.sum(cast(Download.needed_bytes, Float)), 0)).where(IS_RUNNING, *which)
