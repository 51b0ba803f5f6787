"""Removes files that are left over: partial files of cancelled downloads, all files of deleted ones."""

from pathlib import Path

from sqlalchemy import and_, exists, select, update
from sqlalchemy.orm import aliased

from downloads_app.extensions import db
from downloads_app.models import ACTIVE, Download, Status
from downloads_app.services.database.clock import database_now
from downloads_app.services.database.session import give_connection_back
from downloads_app.services.files import folders, partials
from downloads_app.services.files.blocking import run_blocking
from downloads_app.services.queue import outcomes
from downloads_app.services.queue.claims import Claim


def remove_partials(downloads_dir: Path, download: Download) -> None:
    """Remove the partial files, unless another download of the same folder still needs them."""
    if not is_shared(download, (*ACTIVE, Status.PAUSED)):
        run_blocking(partials.remove_partials, folders.folder_of(downloads_dir, download))


def remove_files(downloads_dir: Path, download: Download) -> None:
    """Remove all its files, unless another download has the same folder."""
    if not is_shared(download, tuple(Status)):
        run_blocking(folders.remove_files, downloads_dir, folders.folder_of(downloads_dir, download))


def let_go(downloads_dir: Path, claim: Claim) -> bool:
    """Record that this worker writes no more. If the download was cancelled meanwhile, remove its partial files."""
    download = db.session.get(Download, claim.download_id)
    if download is not None:
        is_ours = (download.attempt, download.worker_id) == (claim.attempt, claim.worker_id)
        if is_ours and download.status == Status.CANCELLED:
            remove_partials(downloads_dir, download)
    give_connection_back()
    return outcomes.let_go(claim)


def is_held(download: Download) -> bool:
    """Whether a worker may still be writing into its folder, by the database's clock."""
    holds = (Download.worker_id.is_not(None), Download.lease_expires_at >= database_now())
    return bool(db.session.scalar(select(exists().where(Download.id == download.id, *holds))))


def clear_abandoned(downloads_dir: Path) -> int:
    """Remove the partial files of downloads cancelled under a worker that is gone; return how many."""
    abandoned = and_(
        Download.worker_id.is_not(None),
        Download.lease_expires_at < database_now(),
        Download.status == Status.CANCELLED,
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
    other = aliased(Download)
    query = exists().where(
        other.repository_id == download.repository_id,
        other.user_id == download.user_id,
        other.revision == download.revision,
        other.id != download.id,
        other.status.in_(statuses),
    )
    return bool(db.session.scalar(select(query)))
