"""What a worker writes about the download it has claimed. Every write is fenced.

It names the download, the attempt and the worker, and does nothing (returns False) once the row was paused,
cancelled, or given to another worker. Each is one statement in a transaction of its own.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, select, update

from downloads_app.models import Download, Status
from downloads_app.services.database.autocommit import execute_alone
from downloads_app.services.database.clock import database_now
from downloads_app.services.queue.claims import AT_REST, Claim


@dataclass(frozen=True, slots=True)
class ProgressReport:
    """How far a running download is: `progress_data` but for the totals."""

    current_bytes: int
    files_completed: int
    current_file: str | None
    download_speed: int
    """Bytes per second."""
    eta_seconds: int | None


def holds(claim: Claim) -> bool:
    """Whether the claim still holds; costs no write."""
    return bool(execute_alone(select(exists().where(fence(claim)))).scalar())


def report_progress(claim: Claim, report: ProgressReport) -> bool:
    """Write progress; return whether the claim still holds. Bytes and files never go down."""
    advanced = Download.current_bytes < report.current_bytes
    more_files = Download.files_completed < report.files_completed
    return _write(
        claim,
        current_bytes=case((advanced, report.current_bytes), else_=Download.current_bytes),
        files_completed=case((more_files, report.files_completed), else_=Download.files_completed),
        failures=case((advanced, 0), else_=Download.failures),
        current_file=report.current_file,
        download_speed=report.download_speed,
        eta_seconds=report.eta_seconds,
    )


def finish(claim: Claim, total_bytes: int) -> bool:
    """Complete a download whose files are all in place; `total_bytes` is what they hold together.

    The worker keeps its hold on the folder until it has cleaned up and lets go.
    """
    return _write(
        claim,
        status=Status.COMPLETED,
        current_bytes=total_bytes,
        total_bytes=total_bytes,
        files_completed=func.coalesce(Download.total_files, Download.files_completed),
        completed_at=database_now(),
        failures=0,
        **AT_REST | {"worker_id": claim.worker_id, "lease_expires_at": Download.lease_expires_at},
    )


def fail(claim: Claim, reason: str) -> bool:
    """End a download, with the reason."""
    return _write(claim, status=Status.FAILED, error_message=reason, completed_at=database_now(), **AT_REST)


def hand_back(claim: Claim) -> bool:
    """Give a download back at once, with its bytes."""
    return _write(claim, status=Status.PENDING, **AT_REST)


def wait(claim: Claim, reason: str, seconds: float, *, failures: int = 0) -> bool:
    """Give a download back, not to be claimed for some seconds; its owner is told why.

    `failures` counts the starts in a row that failed; 0 for what is nobody's failure, as a full disk.
    """
    return _write(
        claim,
        status=Status.PENDING,
        wait_reason=reason,
        not_before_at=database_now(seconds),
        failures=failures,
        **AT_REST,
    )


def let_go(claim: Claim) -> bool:
    """Say that this worker writes no more: the download was finished by it, or paused or cancelled."""
    gone = and_(*_same_holder(claim), Download.status != Status.DOWNLOADING)
    released = update(Download).where(gone).values(worker_id=None, lease_expires_at=None)
    return execute_alone(released).rowcount == 1


def fence(claim: Claim) -> ColumnElement[bool]:
    """Return the condition under which the claim still holds."""
    return and_(*_same_holder(claim), Download.status == Status.DOWNLOADING)


def _same_holder(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    return (
        Download.id == claim.download_id,
        Download.attempt == claim.attempt,
        Download.worker_id == claim.worker_id,
    )


def _write(claim: Claim, **values: Any) -> bool:
    return execute_alone(update(Download).where(fence(claim)).values(**values)).rowcount == 1
