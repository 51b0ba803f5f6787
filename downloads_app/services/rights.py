"""Who may see what: an admin everything, a user their own downloads and what those are of."""

from pathlib import Path

from sqlalchemy import ColumnElement, select, true

from downloads_app.config import current_settings
from downloads_app.models import Download, Repository, User
from downloads_app.services.files.folders import folder_of


def may_see_download(user: User, download: Download) -> bool:
    """Whether it exists for `user`."""
    return user.is_admin or download.user_id == user.id


def visible_downloads(user: User) -> ColumnElement[bool]:
    """Return the condition that picks the downloads `user` may see."""
    return true() if user.is_admin else Download.user_id == user.id


def visible_repositories(user: User) -> ColumnElement[bool]:
    """Return the condition that picks the repositories `user` may see: what others fetch is nobody else's business."""
    if user.is_admin:
        return true()
    return Repository.id.in_(select(Download.repository_id).where(Download.user_id == user.id))


def shown_path(user: User, download: Download) -> str:
    """Return where its files lie: below DOWNLOADS_DIR, and only for admins where that is on the server."""
    folder: Path = folder_of(download)
    return str(folder if user.is_admin else folder.relative_to(current_settings().downloads_dir))
