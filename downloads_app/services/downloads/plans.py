"""What a download would fetch, before it is queued. Changes nothing."""

import time
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from downloads_app.config import Settings
from downloads_app.extensions import db
from downloads_app.models import Download, DownloadFile, Provider, Repository, Status, User
from downloads_app.services.downloads import listings, quota
from downloads_app.services.files import folders, partials
from downloads_app.services.files.blocking import run_blocking
from downloads_app.services.names import DEFAULT_REVISION, check_repository, check_revision
from downloads_app.sources import Access, Listing, sum_sizes
from downloads_app.sources.registry import open_source
from downloads_app.sources.selection import EVERYTHING, Selection


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file of a plan. A file that is here already is linked or kept, not fetched."""

    path: str
    size_bytes: int | None
    sha256: str | None
    is_here: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What a download would do; sizes in bytes, `total_bytes` is None while a size is unknown."""

    files: tuple[PlannedFile, ...]
    total_bytes: int | None
    here_bytes: int
    free_bytes: int
    quota_left_bytes: int | None
    """None where there is no quota."""
    commit: str | None


def list_remote(
    kind: str, access: Access, repository: str, revision: str | None = None, wanted: Selection = EVERYTHING
) -> Listing:
    """List the wanted files of a repository at its provider. Waits for the network; needs no database."""
    check_repository(repository, kind)
    asked = check_revision(revision)
    return open_source(kind, access).list_files(repository, None if asked == DEFAULT_REVISION else asked, wanted)


def explain_nothing(listing: Listing, wanted: Selection) -> str:
    """Return why a listing has no files. With patterns, not all folders may have been looked into."""
    if wanted == EVERYTHING:
        return "it holds no files"
    unwanted = listing.unwanted_files
    of_how_many = f", of {unwanted:,} file{'' if unwanted == 1 else 's'}" if unwanted else ""
    return f"no file matches the patterns ({wanted}){of_how_many}"


def make_plan(
    settings: Settings,
    user: User,
    provider: Provider,
    repository: str,
    listing: Listing,
    *,
    revision: str | None = None,
) -> Plan:
    """Return what a download would fetch, from the listing of its wanted files.

    There may be a hundred thousand files. So the database is asked in many small steps, and the rest is done where it
    does not block the event loop.
    """
    revision = check_revision(revision)
    finished = _find_finished(user, provider, repository, revision)
    copies = listings.find_copies(
        settings.downloads_dir,
        provider.id,
        listing.files,
        owner=user,  # a plan reveals no other user's files
    )
    name = check_repository(repository, provider.kind)
    folder = folders.folder_for(settings.downloads_dir, user, provider, name, revision)
    quota_left = quota.left_bytes(settings, user)
    return run_blocking(_assemble, listing, finished, copies.keys(), folder, settings.downloads_dir, quota_left)


def _assemble(
    listing: Listing,
    finished: Container[tuple[str, str | None]],
    copied: Container[str],
    folder: Path,
    downloads_dir: Path,
    quota_left_bytes: int | None,
) -> Plan:
    """Put a plan together; needs no database."""
    files = tuple(
        PlannedFile(
            file.path,
            file.size_bytes,
            file.sha256,
            is_here=(file.path, file.sha256) in finished or (file.sha256 is not None and file.sha256 in copied),
        )
        for file in listing.files
    )
    to_fetch = [file for file, planned in zip(listing.files, files, strict=True) if not planned.is_here]
    return Plan(
        files=files,
        total_bytes=sum_sizes(listing.files),
        here_bytes=sum(file.size_bytes or 0 for file in files if file.is_here) + partials.kept_bytes(folder, to_fetch),
        free_bytes=folders.free_bytes(downloads_dir),
        quota_left_bytes=quota_left_bytes,
        commit=listing.commit,
    )


def _find_finished(user: User, provider: Provider, repository: str, revision: str) -> set[tuple[str, str | None]]:
    """Return path and sum of what a download of the same folder, finished or not, has already put in place."""
    query = (
        select(DownloadFile.path, DownloadFile.sha256)
        .join(Download, Download.id == DownloadFile.download_id)
        .join(Repository, Repository.id == Download.repository_id)
        .where(
            Download.user_id == user.id,
            Repository.provider_id == provider.id,
            Repository.name == repository,
            Download.revision == revision,
            Download.status != Status.CANCELLED,
            DownloadFile.completed_at.is_not(None),
        )
    )
    found: set[tuple[str, str | None]] = set()
    for rows in db.session.execute(query).partitions(listings.BATCH):
        found |= {(path, sha256) for path, sha256 in rows}
        time.sleep(0)  # lets others go on
    return found
