"""Removes files that are left over: partial files of cancelled downloads, all files of deleted ones."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Exists, Select, and_, exists, or_, select, update
from sqlalchemy.orm import aliased

from downloads_app.errors import Conflict
from downloads_app.extensions import db
from downloads_app.models import ACTIVE, Download, Status
from downloads_app.services.database.clock import database_now
from downloads_app.services.database.session import give_connection_back
from downloads_app.services.files import folders, partials
from downloads_app.services.files.blocking import run_blocking
from downloads_app.services.files.vanishing import SetAside, remove_abandoned
from downloads_app.services.queue import outcomes
from downloads_app.services.queue.claims import Claim

_OVER = (Status.CANCELLED, Status.COMPLETED)
"""Of a download that stands so a worker may still hold the folder, until it has removed the partial files."""


def remove_partials(downloads_dir: Path, download: Download) -> None:
    """Remove the partial files, unless another download of the same folder still needs them, or the disk refuses."""
    partial_files = partials.find_partials(folders.folder_of(downloads_dir, download))
    with suppress(OSError):
        _remove_unwanted(downloads_dir, (partial_files,), _wants(download, (*ACTIVE, Status.PAUSED)))


def make_remover(downloads_dir: Path, download: Download) -> Callable[[], bool]:
    """Return what removes all files of a download, also when its row is gone, and tells whether they are gone.

    It leaves them where another download has the same folder. Also files that the other does not want stay: it may
    begin meanwhile, and only then it knows which it wants. It raises Conflict if the disk refuses.
    """
    folder, name = folders.folder_of(downloads_dir, download), download.repository.name
    wants = _wants(download, tuple(Status))

    def remove() -> bool:
        try:
            are_gone = _remove_unwanted(downloads_dir, (partials.find_partials(folder), folder), wants)
        except OSError as exc:
            raise Conflict(f"The files of {name} cannot be removed: {exc.strerror or exc}") from exc
        if are_gone:
            run_blocking(folders.remove_empty_parents, downloads_dir, folder)
        return are_gone

    return remove


def _remove_unwanted(downloads_dir: Path, which: Sequence[Path], wants: Select[bool]) -> bool:
    """Remove folders of a download that is over, unless another wants them. Raises OSError if the disk refuses.

    Return whether they are gone.

    The disk may take minutes, so no lock is held, and another may be added between the look and the removal. So they
    are set aside first, and put back if the second look finds one, or the database does not answer.
    """
    if db.session.scalar(wants):
        return False
    aside = run_blocking(SetAside, downloads_dir, which)
    is_wanted = True
    try:
        is_wanted = bool(db.session.scalar(wants))
    finally:
        run_blocking(aside.put_back if is_wanted else aside.remove)
    return not is_wanted


def _wants(download: Download, statuses: tuple[Status, ...]) -> Select[bool]:
    """Ask whether another download with one of these statuses has the same folder, or this one is active again."""
    is_active = exists().where(Download.id == download.id, Download.status.in_(ACTIVE))
    return select(or_(_is_shared(download, statuses), is_active))


def let_go(downloads_dir: Path, claim: Claim) -> bool:
    """Record that this worker writes no more. If the download is completed or cancelled, remove its partial files."""
    download = db.session.get(Download, claim.download_id)
    if download is not None:
        is_ours = (download.attempt, download.worker_id) == (claim.attempt, claim.worker_id)
        if is_ours and download.status in _OVER:
            remove_partials(downloads_dir, download)
    give_connection_back()
    return outcomes.let_go(claim)


def is_held(download: Download) -> bool:
    """Whether a worker may still be writing into its folder, by the database's clock."""
    holds = (Download.worker_id.is_not(None), Download.lease_expires_at >= database_now())
    return bool(db.session.scalar(select(exists().where(Download.id == download.id, *holds))))


def clear_abandoned(downloads_dir: Path) -> int:
    """Remove the partial files of downloads that are over, and whose worker is gone; return how many.

    Remove also what processes that are gone had set aside.
    """
    remove_abandoned(downloads_dir)
    abandoned = and_(
        Download.worker_id.is_not(None),
        Download.lease_expires_at < database_now(),
        Download.status.in_(_OVER),
    )
    found = list(db.session.scalars(select(Download.id).where(abandoned)))
    for download_id in found:
        download = db.session.get(Download, download_id)
        if download is not None:  # it may have been deleted since
            remove_partials(downloads_dir, download)
        released = update(Download).where(Download.id == download_id, abandoned)
        db.session.execute(released.values(worker_id=None, lease_expires_at=None))
        db.session.commit()
    return len(found)


def is_shared(download: Download, statuses: tuple[Status, ...]) -> bool:
    """Whether another download of the same folder has one of these statuses."""
    return bool(db.session.scalar(select(_is_shared(download, statuses))))


def _is_shared(download: Download, statuses: tuple[Status, ...]) -> Exists:
    other = aliased(Download)
    return exists().where(
        other.repository_id == download.repository_id,
        other.user_id == download.user_id,
        other.revision == download.revision,
        other.id != download.id,
        other.status.in_(statuses),
    )
