"""How much of each file of a download is here: workers write it beside the partial files, not into the database."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from downloads_app.extensions import db
from downloads_app.models import Download, DownloadFile
from downloads_app.services.downloads.representation import format_time
from downloads_app.services.files.blocking import run_blocking
from downloads_app.services.files.folders import folder_of
from downloads_app.services.files.partials import SideFile, find_partials, find_side_files, key_of, read_side_file


def as_dicts(downloads_dir: Path, download: Download, files: Sequence[DownloadFile]) -> list[dict[str, Any]]:
    """Return the files of a page as REST shows them, each with the bytes of it that are here."""
    rows: list[dict[str, Any]] = [
        {
            "path": file.path,
            "size_bytes": file.size_bytes,
            "sha256": file.sha256,
            "completed_at": format_time(file.completed_at),
        }
        for file in files
    ]
    folder = folder_of(downloads_dir, download)
    begun = run_blocking(_find_begun, folder, [row["path"] for row in rows if row["completed_at"] is None])
    for row in rows:
        known = begun.get(row["path"])
        if known is not None and row["size_bytes"] is None:
            row["size_bytes"] = known.total_bytes  # as the server told it
        whole = (row["size_bytes"] or 0) if row["completed_at"] else 0
        row["current_bytes"] = whole or (known.kept_bytes if known else 0)
    return rows


def read_some(downloads_dir: Path, download: Download, limit: int) -> list[dict[str, Any]]:
    """Return some files of a download as `as_dicts` does, the missing ones first."""
    of_it = select(DownloadFile).where(DownloadFile.download_id == download.id)
    missing = DownloadFile.completed_at.is_(None).desc()
    files = db.session.scalars(of_it.order_by(missing, DownloadFile.position).limit(limit)).all()
    return as_dicts(downloads_dir, download, files)


def completed_after(download_id: str, moment: datetime | None) -> Sequence[DownloadFile]:
    """Return the files that became complete after a moment (None: all), in the order in which they did."""
    complete = [DownloadFile.download_id == download_id, DownloadFile.completed_at.is_not(None)]
    if moment is not None:
        complete.append(DownloadFile.completed_at > moment)
    query = select(DownloadFile).where(*complete)
    return db.session.scalars(query.order_by(DownloadFile.completed_at, DownloadFile.position)).all()


def _find_begun(folder: Path, paths: Sequence[str]) -> dict[str, SideFile]:
    """Return what is known of the files that have been begun, by path; nothing where it cannot be read."""
    partials = find_partials(folder)
    keys = find_side_files(partials)
    try:
        known = {path: read_side_file(partials, path) for path in paths if key_of(path) in keys}
    except OSError:  # no more files can be opened now
        return {}
    return {path: side_file for path, side_file in known.items() if side_file is not None}
