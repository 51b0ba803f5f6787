"""What the files of downloads take, and what removing them would free."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from downloads_app.extensions import db
from downloads_app.models import Download
from downloads_app.services.downloads.history import find_all
from downloads_app.services.files import space
from downloads_app.services.files.blocking import run_blocking
from downloads_app.services.files.folders import folder_of
from downloads_app.services.files.space import Space
from downloads_app.services.rights import Viewer, may_see_download


def measure(downloads_dir: Path, viewer: Viewer, ids: Sequence[str]) -> Space:
    """Measure those of the downloads that `viewer` may see, as if their files were removed together.

    A folder that a download beside them has too is left alone, as their removal leaves it.
    """
    seen = [download for download in find_all(ids) if may_see_download(viewer, download)]
    staying = _having_others(seen)
    folders = sorted({folder_of(downloads_dir, download) for download in seen if download.id not in staying})
    return replace(run_blocking(space.measure, folders), staying_downloads=len(staying))


def _having_others(downloads: Sequence[Download]) -> set[str]:
    """Return the ids of those whose folder also belongs to a download that is not among them."""
    ids = [download.id for download in downloads]
    other = aliased(Download)
    shared = exists().where(
        other.repository_id == Download.repository_id,
        other.user_id == Download.user_id,
        other.revision == Download.revision,
        other.id.not_in(ids),
    )
    return set(db.session.scalars(select(Download.id).where(Download.id.in_(ids), shared)))
