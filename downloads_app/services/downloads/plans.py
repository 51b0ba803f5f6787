"""What a download would fetch, before it is queued. Changes nothing."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select

from downloads_app.config import Settings
from downloads_app.extensions import db
from downloads_app.models import Download, DownloadFile, Provider, Repository, User
from downloads_app.services.downloads import listings, quota
from downloads_app.services.files import folders, partials
from downloads_app.services.files.blocking import run_blocking
from downloads_app.services.files.sizes import measure_file
from downloads_app.services.names import DEFAULT_REVISION, check_repository, check_revision
from downloads_app.sources import Access, Listing, RemoteFile
from downloads_app.sources.registry import open_source
from downloads_app.sources.selection import EVERYTHING, Selection


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file of a plan. A file that is here already is linked or kept, not fetched: its sum vouches for its content."""

    path: str
    size_bytes: int | None
    """The listing's; that on the disk where the listing has none and the file is here."""
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
    begun: frozenset[str]
    """The paths of files of which a part is here."""


class _Known(NamedTuple):
    """Where the database knows complete files of the user's."""

    folder: Path
    """The download's own."""
    in_place: frozenset[tuple[str, str]]
    """The path in `folder`, and the sum that vouched for the content."""
    copies: Mapping[str, Path]
    """By their SHA-256."""


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
    user: User | None,
    provider: Provider,
    repository: str,
    listing: Listing,
    *,
    revision: str | None = None,
) -> Plan:
    """Return what a download of `user` would fetch, from the listing of its wanted files.

    Of None, nothing is here and there is no quota.

    There may be a hundred thousand files. So the database is asked in many small steps, and the rest is done where it
    does not block the event loop.
    """
    revision = check_revision(revision)
    if user is None:
        return run_blocking(_assemble, listing, None, settings.downloads_dir, None)
    in_place = _find_in_place(user, provider, repository, revision)
    copies = listings.find_copies(
        settings.downloads_dir,
        provider.id,
        listing.files,
        owner=user,  # a plan reveals no other user's files
    )
    name = check_repository(repository, provider.kind)
    folder = folders.folder_for(settings.downloads_dir, user, provider, name, revision)
    quota_left = quota.left_bytes(settings, user)
    known = _Known(folder, in_place, copies)
    return run_blocking(_assemble, listing, known, settings.downloads_dir, quota_left)


def _assemble(listing: Listing, known: _Known | None, downloads_dir: Path, quota_left_bytes: int | None) -> Plan:
    """Put a plan together; needs no database."""
    files = tuple(_plan_file(file, known) for file in listing.files)
    to_fetch = [file for file, planned in zip(listing.files, files, strict=True) if not planned.is_here]
    sizes = [file.size_bytes for file in files]
    kept = {} if known is None else partials.find_kept(known.folder, to_fetch)
    return Plan(
        files=files,
        total_bytes=None if None in sizes else sum(size or 0 for size in sizes),
        here_bytes=sum(file.size_bytes or 0 for file in files if file.is_here) + sum(kept.values()),
        free_bytes=folders.free_bytes(downloads_dir),
        quota_left_bytes=quota_left_bytes,
        commit=listing.commit,
        begun=frozenset(kept),
    )


def _plan_file(file: RemoteFile, known: _Known | None) -> PlannedFile:
    """Plan one file. It is here if the disk has what the database knows, in the size that the listing has, if any."""
    if known is None:
        return PlannedFile(file.path, file.size_bytes, file.sha256, is_here=False)
    places = []
    if (file.path, file.vouching_sum) in known.in_place:
        places.append(known.folder / file.path)
    if file.sha256 is not None and file.sha256 in known.copies:
        places.append(known.copies[file.sha256])
    for place in places:
        size_bytes = measure_file(place)
        if size_bytes is not None and file.size_bytes in (None, size_bytes):
            return PlannedFile(file.path, size_bytes, file.sha256, is_here=True)
    return PlannedFile(file.path, file.size_bytes, file.sha256, is_here=False)


def _find_in_place(user: User, provider: Provider, repository: str, revision: str) -> frozenset[tuple[str, str]]:
    """Return path and sums of what a download of the same folder, whatever became of it, has put in place."""
    query = (
        select(DownloadFile.path, DownloadFile.sha256, DownloadFile.md5, DownloadFile.git_sha1)
        .join(Download, Download.id == DownloadFile.download_id)
        .join(Repository, Repository.id == Download.repository_id)
        .where(
            Download.user_id == user.id,
            Repository.provider_id == provider.id,
            Repository.name == repository,
            Download.revision == revision,
            DownloadFile.completed_at.is_not(None),
        )
    )
    found: set[tuple[str, str]] = set()
    for rows in db.session.execute(query).partitions(listings.BATCH):
        for path, sha256, md5, git_sha1 in rows:
            sums = (("sha256", sha256), ("md5", md5), ("git", git_sha1))
            found |= {(path, f"{name}:{digest}") for name, digest in sums if digest is not None}
        time.sleep(0)  # lets others go on
    return frozenset(found)
