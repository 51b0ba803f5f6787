"""Finding, listing and removing downloads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload, undefer

from downloads_app.errors import Conflict, NotFound
from downloads_app.extensions import db
from downloads_app.models import ACTIVE, FINISHED, Act, Download, Repository, Status, User, utc_now
from downloads_app.services import audit
from downloads_app.services.audit import NOBODY, Account, Actor, Thing
from downloads_app.services.pages import Filter, Page, Wanted, fetch
from downloads_app.services.queue import leftovers
from downloads_app.services.references import find_one
from downloads_app.services.removal import remove_rows
from downloads_app.services.rights import Viewer, may_see_download, visible_repositories

PARTS = (
    joinedload(Download.user),
    joinedload(Download.provider),
    joinedload(Download.repository),
    undefer(Download.queue_paused_at),
)
"""What is read with a list of downloads, so that showing a row asks nothing more."""
NEWEST_FIRST = "-created_at"
SORTS = ("created_at", "updated_at", "started_at", "completed_at", "priority", "current_bytes")
"""What a list may be sorted by: each has an index."""
FILES_STAY = "its files stay: another download has the same folder"
FEW_REPOSITORIES = 20
"""If a search finds no more, the downloads of each are read from an index. Of more, most downloads match anyway."""


def find_download(reference: str, owner: User | None = None) -> Download:
    """Return the download of `owner` (None: of any user) with that id, or the only one whose id begins with it.

    Raises NotFound, or Conflict if several ids begin with it.
    """
    query = select(Download).options(*PARTS)
    if owner is not None:
        query = query.where(Download.user_id == owner.id)
    return find_one(query, Download.id, reference, "download")


def get_download(viewer: Viewer, download_id: str) -> Download:
    """Return the download of that id; raises NotFound, also where `viewer` may not see it."""
    download = db.session.get(Download, download_id, options=PARTS)
    if download is None or not may_see_download(viewer, download):
        raise NotFound(f"There is no download {download_id}")
    return download


def find_all(ids: Sequence[str]) -> Sequence[Download]:
    """Return those of the downloads that still exist."""
    return db.session.scalars(select(Download).options(*PARTS).where(Download.id.in_(ids))).all()


def list_downloads(
    *,
    viewer: Viewer | None = None,
    owner: User | None = None,
    statuses: Sequence[str] = (),
    ids: Sequence[str] = (),
    having: Mapping[str, str] | None = None,
    search: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    wanted: Wanted | None = None,
) -> Page[Download]:
    """Return one page of the downloads that `viewer` may see (None: all) and that match all filters.

    `having` are values by column: `user_id`, `provider_id`, `repository_id`; `search` is a part of the repository's
    name; `since` and `until` bound when it last changed. Newest first unless `wanted` says otherwise.
    """
    equal = dict(having or {})
    if owner is not None:
        equal["user_id"] = owner.id
    if viewer is not None and not viewer.is_admin and equal.setdefault("user_id", viewer.id) != viewer.id:
        return Page((), 0)
    found: dict[str, Sequence[str]] = {}
    conditions = [
        *([Download.updated_at >= since] if since is not None else []),
        *([Download.updated_at < until] if until is not None else []),
    ]
    if search is not None:
        named = _repositories_named(search, viewer)
        few = db.session.scalars(named.limit(FEW_REPOSITORIES + 1)).all()
        if not few:
            return Page((), 0)
        if len(few) <= FEW_REPOSITORIES:
            found["repository_id"] = few
        else:
            conditions.append(Download.repository_id.in_(named))
    scope = [str(bound) for bound in (search, since, until)] if conditions or found else ()
    having_all = Filter(equal, {"status": statuses, "id": ids}, conditions, scope, found)
    return fetch(Download, wanted or Wanted(NEWEST_FIRST), having_all, PARTS)


def _repositories_named(search: str, viewer: Viewer | None) -> Select[str]:
    """Select the ids of the repositories that `viewer` may see whose name has this part."""
    named = select(Repository.id).where(Repository.name.icontains(search, autoescape=True))
    return named if viewer is None else named.where(visible_repositories(viewer))


def delete(downloads_dir: Path, download: Download, *, files: bool = False, by: Actor = NOBODY) -> bool:
    """Remove a download's row and partial files, and with `files` its complete files too.

    Return whether what was asked for is gone: files stay where another download has the same folder.
    Raises Conflict while it is active or being stopped, where it is made active meanwhile, or the disk keeps its files.
    """
    about, download_id = Account.of(download.user), download.id
    thing = Thing("download", download_id, download.repository.name)

    def note(are_gone: bool) -> None:
        detail = None if not files else "with its files" if are_gone else FILES_STAY
        audit.note(Act.DOWNLOAD_DELETED, by, about, thing, detail=detail)

    _, are_gone = _remove(downloads_dir, download, files, note)
    if status := db.session.scalar(select(Download.status).where(Download.id == download_id)):
        db.session.rollback()
        raise Conflict(f"Download {download_id} is {status}; cancel it first")
    return are_gone


def _remove(
    downloads_dir: Path, download: Download, files: bool, note: Callable[[bool], None] = lambda are_gone: None
) -> tuple[int, bool]:
    """Remove its files, then its row; return how many rows went, and whether what was to go of the files is gone.

    `note` is told the latter in the transaction in which the row goes.
    """
    _refuse_active(download)
    download_id, are_gone = download.id, True
    remove_files = leftovers.make_remover(downloads_dir, download) if files else None
    if remove_files is not None:
        are_gone = remove_files()  # somebody else may remove the row meanwhile
    elif download.status != Status.COMPLETED:
        leftovers.remove_partials(downloads_dir, download)
    count = remove_rows(Download.id == download_id, note=lambda: note(are_gone))
    if remove_files is not None and not are_gone:  # the folder's other download may have gone at the same time
        are_gone = remove_files()
    return count, are_gone


def _refuse_active(download: Download) -> None:
    """Raise Conflict while a download is active, or a worker may still be writing its files."""
    if download.status in ACTIVE:
        raise Conflict(f"Download {download.id} is {download.status}; cancel it first")
    if leftovers.is_held(download):
        raise Conflict(f"Download {download.id} is {download.status}, its worker is just stopping; try again")


@dataclass(frozen=True, slots=True)
class Pruned:
    """What `prune` has removed."""

    downloads: int
    staying_folders: int
    """So many folders were to go and stay: downloads that were not removed have the same ones."""

    @property
    def exception(self) -> str:
        """What is to be said of them; empty if all are gone."""
        count = self.staying_folders
        return f"; folders that stay, because other downloads have them too: {count}" if count else ""


def prune(
    downloads_dir: Path,
    older_than_days: float = 0,
    *,
    files: bool = False,
    limit: int | None = None,
    by: Actor = NOBODY,
) -> Pruned:
    """Remove the rows of downloads that finished so long ago, and with `files` their files.

    With a `limit` no more than so many at a time, the oldest first. Raises Conflict where the disk keeps files.
    """
    before = utc_now() - timedelta(days=older_than_days)
    finished = (Download.status.in_(FINISHED), Download.completed_at <= before)
    found = select(Download.id).where(*finished).order_by(Download.completed_at, Download.id).limit(limit)
    count = 0
    staying: set[tuple[str, str, str]] = set()
    try:
        for download_id in db.session.scalars(found).all():
            download = db.session.get(Download, download_id, options=PARTS)
            if download is not None and download.status in FINISHED and not leftovers.is_held(download):
                folder = download.user_id, download.repository_id, download.revision
                removed, are_gone = _remove(downloads_dir, download, files)
                count += removed
                if are_gone:
                    staying.discard(folder)
                else:
                    staying.add(folder)
    finally:  # also of those before one whose files the disk keeps
        pruned = Pruned(count, len(staying))
        if count:
            what = f"{count} downloads that ended more than {older_than_days:g} days ago"
            with_files = f", with their files{pruned.exception}" if files else ""
            audit.note(Act.DOWNLOADS_PRUNED, by, detail=what + with_files)
            db.session.commit()
    return pruned
