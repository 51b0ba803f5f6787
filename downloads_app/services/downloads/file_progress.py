"""How much of each file of a download is here: workers write it beside the partial files, not into the database."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from downloads_app.models import Download, DownloadFile
from downloads_app.services.files.blocking import run_blocking
from downloads_app.services.files.folders import folder_of
from downloads_app.services.files.partials import find_partials, find_side_files, key_of, read_side_file


def as_dicts(downloads_dir: Path, download: Download, files: Sequence[DownloadFile]) -> list[dict[str, Any]]:
    """Return the files of a page as REST shows them, each with the bytes of it that are here."""
    rows = [{name: getattr(file, name) for name in ("path", "size_bytes", "sha256", "completed_at")} for file in files]
    folder = folder_of(downloads_dir, download)
    begun = run_blocking(_kept_bytes, folder, [row["path"] for row in rows if row["completed_at"] is None])
    for row in rows:
        whole = (row["size_bytes"] or 0) if row["completed_at"] else 0
        row["current_bytes"] = whole or begun.get(row["path"], 0)
    return rows


def _kept_bytes(folder: Path, paths: Sequence[str]) -> dict[str, int]:
    """Return the bytes of the files that have been begun, by path; a file that cannot be read has none."""
    partials = find_partials(folder)
    keys = find_side_files(partials)
    try:
        known = {path: read_side_file(partials, path) for path in paths if key_of(path) in keys}
    except OSError:  # no more files can be opened now
        return {}
    return {path: side_file.kept_bytes for path, side_file in known.items() if side_file is not None}
