"""Disk room is shared: running downloads keep what they still need; those that wait for room continue in turn."""

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from downloads_app.errors import DISK_IS_FULL, NOT_ENOUGH_DISK
from downloads_app.models import Download, Status
from downloads_app.services.database.autocommit import execute_alone
from downloads_app.services.database.clock import database_now
from downloads_app.services.queue.claims import Claim

REST_SECONDS = 3.0
"""How long a download that found no room waits at least: it may have measured more free room than the rows show."""


def reserved_bytes(claim: Claim) -> int:
    """Return the bytes that other running downloads still need, if they were claimed earlier or already move bytes."""
    own = select(Download.claimed_at).where(Download.id == claim.download_id).scalar_subquery()
    is_before = or_(Download.claimed_at < own, and_(Download.claimed_at == own, Download.id < claim.download_id))
    running = (
        Download.worker_id.is_not(None),
        Download.status == Status.DOWNLOADING,
        Download.id != claim.download_id,
        or_(is_before, Download.current_file.is_not(None)),
    )
    return _sum_needs(*running)


def left_bytes(free_bytes: int) -> int:
    """Return the free bytes that running downloads do not need."""
    return free_bytes - _sum_needs(Download.worker_id.is_not(None), Download.status == Status.DOWNLOADING)


def let_one_go_on(room: int) -> str | None:
    """Let the oldest download continue that waits for disk room and fits into `room` bytes; return its id, or None."""
    waits = and_(
        Download.status == Status.PENDING,
        Download.failures == 0,
        or_(Download.wait_reason.startswith(NOT_ENOUGH_DISK), Download.wait_reason.contains(DISK_IS_FULL)),
        Download.not_before_at > database_now(),
        Download.updated_at < database_now(-REST_SECONDS),
        Download.total_bytes - Download.current_bytes <= room,
    )
    first = select(Download.id).where(waits).order_by(Download.created_at, Download.id).limit(1).scalar_subquery()
    row = execute_alone(
        update(Download).where(Download.id == first, waits).values(not_before_at=None).returning(Download.id)
    ).first()
    return str(row.id) if row else None


def _sum_needs(*which: ColumnElement[bool]) -> int:
    needs = func.sum(Download.total_bytes - Download.current_bytes)
    query = select(func.coalesce(needs, 0)).where(*which, Download.total_bytes > Download.current_bytes)
    return int(execute_alone(query).scalar() or 0)
