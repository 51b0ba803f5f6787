"""The files of a download as listed when it first began, and which are complete: rows of `download_files`."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Integer,
    String,
    cast,
    column,
    delete,
    exists,
    func,
    insert,
    select,
    true,
    update,
    values,
)

from downloads_app.extensions import db
from downloads_app.models import Download, DownloadFile, Status, User, new_id
from downloads_app.services.database.clock import database_now
from downloads_app.services.files.folders import folder_of
from downloads_app.services.pages import Page, Wanted
from downloads_app.services.queue.claims import Claim
from downloads_app.services.queue.outcomes import fence
from downloads_app.sources import Listing, RemoteFile, sum_sizes

BATCH = 500
"""Rows a statement: well below the parameters that either database takes at once."""
_REMOTE_COLUMNS = tuple(field.name for field in fields(RemoteFile))
"""All values of a listed file are stored, in columns with the same names."""


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A listed file, its place in the listing, and whether it is in place on the disk."""

    position: int
    remote: RemoteFile
    is_completed: bool


@dataclass(frozen=True, slots=True)
class CompletedFile:
    """The values of a verified file; `sha256` is always computed by us."""

    position: int
    size_bytes: int
    sha256: str


def store_listing(claim: Claim, listing: Listing) -> bool:
    """Store the files of a download for good; return whether the claim still holds (if not, nothing is stored)."""
    pinned = (
        update(Download)
        .where(fence(claim))
        .values(
            commit=listing.commit,
            total_files=len(listing.files),
            total_bytes=sum_sizes(listing.files),
            needed_bytes=sum(file.likely_bytes for file in listing.files),
        )
    )
    if db.session.scalar(pinned.returning(Download.id)) is None:
        db.session.rollback()
        return False
    db.session.execute(delete(DownloadFile).where(DownloadFile.download_id == claim.download_id))
    rows = [_row(claim.download_id, position, file) for position, file in enumerate(listing.files)]
    for at in range(0, len(rows), BATCH):
        db.session.execute(insert(DownloadFile), rows[at : at + BATCH])
    db.session.commit()
    return True


def read_listing(download_id: str) -> list[ListedFile]:
    """Return the pinned files in the order of the listing; none if the download never began."""
    table = DownloadFile.__table__.c
    remote = (getattr(table, name) for name in _REMOTE_COLUMNS)
    query = select(table.position, table.completed_at, *remote)
    rows = db.session.execute(query.where(table.download_id == download_id).order_by(table.position))
    return [
        ListedFile(position, RemoteFile(*known), completed_at is not None) for position, completed_at, *known in rows
    ]


def list_files(download: Download, wanted: Wanted) -> Page[DownloadFile]:
    """Return a page of the pinned files in the order of the listing; `wanted.sort` is `position`."""
    last = db.session.scalar(select(func.max(DownloadFile.position)).where(DownloadFile.download_id == download.id))
    total = 0 if last is None else last + 1
    begin = (wanted.page - 1) * wanted.page_size
    within = DownloadFile.position.between(begin, begin + wanted.page_size - 1)
    query = select(DownloadFile).where(DownloadFile.download_id == download.id, within)
    return Page(list(db.session.scalars(query.order_by(DownloadFile.position))), total)


def find_file(download: Download, path: str) -> DownloadFile | None:
    """Return the row of a file; None where the download has no such file."""
    query = select(DownloadFile).where(DownloadFile.download_id == download.id, DownloadFile.path == path)
    return db.session.scalars(query.limit(1)).first()


def mark_completed(claim: Claim, files: Sequence[CompletedFile]) -> None:
    """Mark files as complete, if the claim still holds (else the listing may be of another attempt).

    One statement for many files: with a distant database it takes as long as a statement for one file.
    """
    table = DownloadFile.metadata.tables[DownloadFile.__tablename__]  # rows by another key than the primary one
    for at in range(0, len(files), BATCH):
        rows = [(file.position, file.size_bytes, file.sha256) for file in files[at : at + BATCH]]
        done = values(column("at", Integer), column("size", BigInteger), column("sum", String)).data(rows).cte("done")
        db.session.execute(
            update(table)
            .where(table.c.download_id == claim.download_id, table.c.position == done.c.at)
            .where(exists().where(fence(claim)))
            .values(size_bytes=done.c.size, sha256=done.c.sum, completed_at=database_now())
        )
        db.session.commit()


def find_copies(
    downloads_dir: Path, provider_id: str, files: Sequence[RemoteFile], owner: User | None = None
) -> dict[str, Path]:
    """Return, by SHA-256, where a completed download of the same provider, and of `owner` if given, has a file."""
    whose = true() if owner is None else Download.user_id == owner.id
    wanted = list({file.sha256 for file in files if file.sha256 is not None})
    found: dict[str, Path] = {}
    for at in range(0, len(wanted), BATCH):
        one_each = (
            select(func.min(cast(DownloadFile.id, String)))
            .join(Download, Download.id == DownloadFile.download_id)
            .where(
                DownloadFile.sha256.in_(wanted[at : at + BATCH]),
                DownloadFile.completed_at.is_not(None),
                Download.provider_id == provider_id,
                Download.status == Status.COMPLETED,
                whose,
            )
            .group_by(DownloadFile.sha256)
        )
        copies = (
            select(DownloadFile.sha256, DownloadFile.path, Download)
            .join(Download, Download.id == DownloadFile.download_id)
            .where(DownloadFile.id.in_(list(db.session.scalars(one_each))))
        )
        found |= {
            sha256: folder_of(downloads_dir, download) / path
            for sha256, path, download in db.session.execute(copies)
            if sha256 is not None
        }
        time.sleep(0)  # lets others go on
    return found


def find_copies_apart(
    downloads_dir: Path, download_id: str, files: Sequence[RemoteFile]
) -> tuple[dict[str, Path], dict[str, Path]]:
    """Return, by SHA-256, where a download's owner has a file from the same provider, and where only others have it."""
    download = db.session.get_one(Download, download_id)
    anybodys = find_copies(downloads_dir, download.provider_id, files)
    own = find_copies(downloads_dir, download.provider_id, files, download.user) if anybodys else {}
    return own, {sha256: path for sha256, path in anybodys.items() if sha256 not in own}


def _row(download_id: str, position: int, file: RemoteFile) -> dict[str, object]:
    return {
        "id": new_id(),
        "download_id": download_id,
        "position": position,
        "completed_at": None,
        **{name: getattr(file, name) for name in _REMOTE_COLUMNS},
    }
