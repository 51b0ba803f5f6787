"""What a user uses: bytes on the disk, and active downloads."""

from dataclasses import dataclass

from sqlalchemy import func, select

from downloads_app.config import Settings
from downloads_app.extensions import db
from downloads_app.models import ACTIVE, Download, User
from downloads_app.services.downloads.quota import quota_of, used_bytes


@dataclass(frozen=True, slots=True)
class Usage:
    """What a user uses, and may use."""

    used_bytes: int
    """Their bytes on the disk."""
    quota_bytes: int | None
    """None: as much as there is room."""
    active_downloads: int


def measure(settings: Settings, user: User) -> Usage:
    """Measure what a user uses; no connection is held while the disk is read."""
    query = select(func.count()).where(Download.user_id == user.id, Download.status.in_(ACTIVE))
    active, quota = db.session.scalar(query) or 0, quota_of(settings, user)
    return Usage(used_bytes(settings.downloads_dir, user), quota, active)
