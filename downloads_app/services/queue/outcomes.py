"""What a worker writes about the download it has claimed. Every write is fenced.

It names the download, the attempt and the worker, and does nothing (returns False) once the row was paused,
cancelled, or given to another worker. Each is one statement in a transaction of its own.
"""

import logging
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, null, select, update
from sqlalchemy.exc import SQLAlchemyError

from downloads_app.models import Download, EventKind, Status
from downloads_app.services.database.autocommit import execute_alone
from downloads_app.services.database.clock import database_now
from downloads_app.services.queue import events
from downloads_app.services.queue.claims import AT_REST, Claim
from downloads_app.services.queue.events import Note

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProgressReport:
    """How far a running download is: `progress_data` without the number of files."""

    current_bytes: int
    files_completed: int
    current_file: str | None
    download_speed: int
    """Bytes per second."""
    eta_seconds: int | None
    needed_bytes: int | None = None
    """What it still needs on the disk, by the worker's best knowledge; None: as before."""
    total_bytes: int | None = None
    """None while the size of a file is unknown."""


def holds(claim: Claim) -> bool:
    """Whether the claim still holds; costs no write."""
    return bool(execute_alone(select(exists().where(fence(claim)))).scalar())


def report_progress(claim: Claim, report: ProgressReport) -> bool:
    """Write progress; return whether the claim still holds. Bytes and files never go down.

    A total below the bytes that have been shown (a file has become smaller at the server) waits for its end.
    """
    advanced = Download.current_bytes < report.current_bytes
    more_files = Download.files_completed < report.files_completed
    shown = case((advanced, report.current_bytes), else_=Download.current_bytes)
    total = report.total_bytes
    written = (
        update(Download)
        .where(fence(claim))
        .values(
            current_bytes=shown,
            files_completed=case((more_files, report.files_completed), else_=Download.files_completed),
            failures=case((advanced, 0), else_=Download.failures),
            total_bytes=total if total is None else case((shown > total, None), else_=total),
            trouble_began_at=case((advanced, null()), else_=Download.trouble_began_at),
            current_file=report.current_file,
            download_speed=report.download_speed,
            eta_seconds=report.eta_seconds,
            needed_bytes=Download.needed_bytes if report.needed_bytes is None else report.needed_bytes,
        )
    )
    return execute_alone(written).rowcount == 1


def note_first_byte(claim: Claim) -> None:
    """Note that the first byte has arrived. If the database fails, the note is left out."""
    try:
        events.note_alone(Note(EventKind.FIRST_BYTE, claim.worker_id), fence(claim))
    except SQLAlchemyError as exc:
        log.warning("download %s: its first byte is not noted: %s", claim.download_id, type(exc).__name__)


def warn(claim: Claim, text: str) -> None:
    """Note what the download's owner should know."""
    events.note_alone(Note(EventKind.WARNED, claim.worker_id, text), fence(claim))


def finish(claim: Claim, total_bytes: int) -> bool:
    """Complete a download whose files are all in place; `total_bytes` is their total size.

    The worker keeps its hold on the folder until it has cleaned up and lets go. True also if an earlier call has done
    it, whose answer was lost with the connection.
    """
    has_finished = _write(
        claim,
        Note(EventKind.VERIFIED, claim.worker_id),
        Note(EventKind.COMPLETED, claim.worker_id),
        status=Status.COMPLETED,
        current_bytes=total_bytes,
        total_bytes=total_bytes,
        files_completed=func.coalesce(Download.total_files, Download.files_completed),
        completed_at=database_now(),
        failures=0,
        trouble_began_at=None,
        **AT_REST | {"worker_id": claim.worker_id, "lease_expires_at": Download.lease_expires_at},
    )
    return has_finished or _is_finished(claim)


def fail(claim: Claim, reason: str) -> bool:
    """End a download, with the reason."""
    note = Note(EventKind.FAILED, claim.worker_id, reason)
    return _write(claim, note, status=Status.FAILED, error_message=reason, completed_at=database_now(), **AT_REST)


def hand_back(claim: Claim) -> bool:
    """Give a download back at once, with its bytes."""
    return _write(claim, Note(EventKind.HANDED_BACK, claim.worker_id), status=Status.PENDING, **AT_REST)


def hold_back(claim: Claim, reason: str) -> bool:
    """Give a download back at once because of a pause; it is claimed again as soon as the pause ends."""
    return _write(claim, Note(EventKind.WAITING, claim.worker_id, reason), status=Status.PENDING, **AT_REST)


def wait(claim: Claim, reason: str, seconds: float, *, failures: int = 0) -> bool:
    """Give a download back; it is not claimed again for `seconds`, and its owner sees the reason.

    `failures` is the number of failed starts in a row; 0 if the reason counts as no failure, such as a full disk.
    """
    kind = EventKind.RETRIED if failures else EventKind.WAITING
    return _write(
        claim,
        Note(kind, claim.worker_id, reason, until=lambda row: row.not_before_at),
        status=Status.PENDING,
        wait_reason=reason,
        not_before_at=database_now(seconds),
        failures=failures,
        trouble_began_at=func.coalesce(Download.trouble_began_at, database_now()),
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


def _is_finished(claim: Claim) -> bool:
    query = select(exists().where(*_same_holder(claim), Download.status == Status.COMPLETED))
    return bool(execute_alone(query).scalar())


def _same_holder(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    return (
        Download.id == claim.download_id,
        Download.attempt == claim.attempt,
        Download.worker_id == claim.worker_id,
    )


def _write(claim: Claim, *notes: Note, **values: Any) -> bool:
    return len(events.change_alone(update(Download).where(fence(claim)).values(**values), *notes)) == 1
