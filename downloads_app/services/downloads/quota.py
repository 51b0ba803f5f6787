"""A user's quota: it counts their bytes on the disk, also without a row in their list, and the bytes on their way."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import and_, or_, select

from downloads_app.config import Settings
from downloads_app.errors import NeverFits, NoSpace
from downloads_app.extensions import db
from downloads_app.models import IS_RUNNING, Download, User
from downloads_app.services.database.session import give_connection_back
from downloads_app.services.files.blocking import run_blocking
from downloads_app.services.files.folders import folder_of_user
from downloads_app.services.files.sizes import tree_bytes


@dataclass(frozen=True, slots=True)
class Measured:
    """A user's quota, and what of it was used when their folder was last measured."""

    quota_bytes: int
    used_bytes: int


def quota_of(settings: Settings, user: User) -> int | None:
    """Return what may lie on the disk for a user: their own quota, else the general one; None without either."""
    return _choose(settings, user.quota_bytes)


def quota_now(settings: Settings, download_id: str) -> int | None:
    """Return the quota of a download's user in bytes, as the database has it now; None without one. One statement."""
    query = select(User.quota_bytes).join(Download, Download.user_id == User.id).where(Download.id == download_id)
    own = db.session.scalar(query)
    give_connection_back()
    return _choose(settings, own)


def measure(settings: Settings, download_id: str) -> Measured | None:
    """Look at the quota and the folder of a download's user; None without a quota. No connection is held afterwards."""
    user = db.session.get_one(Download, download_id).user
    quota = quota_of(settings, user)
    measured = None if quota is None else Measured(quota, used_bytes(settings.downloads_dir, user))
    give_connection_back()
    return measured


def used_bytes(downloads_dir: Path, user: User) -> int:
    """Return a user's bytes on the disk: of a partial file the written bytes, a file with several links once.

    No connection is held while the disk is read.
    """
    return run_blocking(tree_bytes, folder_of_user(downloads_dir, user))


def left_bytes(settings: Settings, user: User) -> int | None:
    """Return the bytes left in a user's quota; None without a quota."""
    quota = quota_of(settings, user)
    return None if quota is None else max(0, quota - used_bytes(settings.downloads_dir, user))


def refuse_when_full(settings: Settings, user: User) -> None:
    """Raise NoSpace, with the numbers, if a user's quota is used up."""
    quota = quota_of(settings, user)
    if quota is not None and (used := used_bytes(settings.downloads_dir, user)) >= quota:
        raise NoSpace(f"The quota of {quota:,} bytes is used up: {used:,} bytes lie on the disk")


def check(settings: Settings, download_id: str, missing_bytes: int, has_unknown_sizes: bool) -> Measured | None:
    """Return what a download begins with: its user's quota and what is used of it; None without a quota.

    Raises NeverFits, with the numbers, if the quota is too small for the missing bytes. Raises NoSpace if it is too
    small for these and for the user's downloads that began earlier. What needs no further byte passes no quota. No
    connection is held afterwards.

    `has_unknown_sizes`: whether bytes of a file are missing whose size nobody knows.
    """
    download = db.session.get_one(Download, download_id)
    quota = quota_of(settings, download.user)
    if quota is None:
        give_connection_back()
        return None
    awaited = _awaited_bytes(download)
    used = used_bytes(settings.downloads_dir, download.user)
    wanted = max(missing_bytes, 1 if has_unknown_sizes else 0)
    least = "at least " if has_unknown_sizes else ""
    numbers = f"{used:,} bytes lie on the disk, {least}{wanted:,} more are wanted"
    if wanted == 0:
        return Measured(quota, used)
    if used + wanted > quota:
        raise NeverFits(f"The quota of {quota:,} bytes is too small: {numbers}")
    if used + awaited + wanted > quota:
        raise NoSpace(f"The quota of {quota:,} bytes is taken: {numbers}, and {awaited:,} for running downloads")
    return Measured(quota, used)


def running_bytes(download_id: str, known: set[str]) -> dict[str, int]:
    """Return the present bytes of the same user's other downloads that run, and of those known to have run."""
    owner = select(Download.user_id).where(Download.id == download_id).scalar_subquery()
    mine = (Download.user_id == owner, Download.id != download_id)
    watched = or_(IS_RUNNING, Download.id.in_(known))
    query = select(Download.id, Download.current_bytes).where(*mine, watched)
    found = {str(row_id): count for row_id, count in db.session.execute(query)}
    give_connection_back()
    return found


def _choose(settings: Settings, own_quota_bytes: int | None) -> int | None:
    return settings.user_quota_bytes if own_quota_bytes is None else own_quota_bytes


def _awaited_bytes(download: Download) -> int:
    """Return the bytes that the user's earlier downloads will still add, as far as they are known.

    If two downloads begin at the same time, the one claimed first continues.
    """
    query = select(Download.total_bytes, Download.current_bytes).where(
        Download.user_id == download.user_id,
        Download.id != download.id,
        IS_RUNNING,
        or_(
            Download.claimed_at < download.claimed_at,
            and_(Download.claimed_at == download.claimed_at, Download.id < download.id),
        ),
    )
    return sum(max(0, total - current) for total, current in db.session.execute(query) if total is not None)
