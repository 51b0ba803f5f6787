"""The files of downloads that are followed: rows below their download's, or a line for each that is complete."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from rich.progress_bar import ProgressBar
from rich.text import Text

from downloads_app.cli.printing import format_bytes, plain
from downloads_app.models import ACTIVE, Download
from downloads_app.services.downloads import file_progress

MOST_ROWS = 12
"""Of one download."""


class FileRow(NamedTuple):
    """What is shown of a file, below a download; of several together only `name`."""

    indent: Text
    name: Text
    bar: ProgressBar | Text = Text()
    share: Text = Text()
    amount: Text = Text()


class FileRows:
    """What is shown of files; remembers which of them were told."""

    def __init__(self, downloads_dir: Path) -> None:
        self._downloads_dir = downloads_dir
        self._told: dict[str, datetime] = {}

    def draw(self, download: Download) -> list[FileRow]:
        """Return rows for the files of an active download that are not complete, and how many there are beside."""
        if download.status not in ACTIVE or not download.total_files:
            return []
        found = file_progress.read_some(self._downloads_dir, download, MOST_ROWS)
        missing = [file for file in found if file["completed_at"] is None]
        rows = [_draw_file(file["path"], file["current_bytes"], file["size_bytes"]) for file in missing]
        count = f"{download.files_completed} of {download.total_files} here"
        rows.append(FileRow(plain(""), plain(count, "dim")))
        return rows

    def tell(self, download: Download) -> Iterator[str]:
        """Yield a line for each file that became complete since it was asked last."""
        for file in file_progress.completed_after(download.id, self._told.get(download.id)):
            if file.completed_at is not None:
                self._told[download.id] = file.completed_at
            yield f"{file.path} is here, {format_bytes(file.size_bytes)}"


def _draw_file(path: str, current_bytes: int, size_bytes: int | None) -> FileRow:
    share = f"{min(99, current_bytes * 100 // size_bytes)}%" if size_bytes else ""
    return FileRow(
        plain(""),
        plain(path),
        ProgressBar(total=size_bytes or 1, completed=current_bytes),
        plain(share),
        plain(f"{format_bytes(current_bytes)}/{format_bytes(size_bytes)}"),
    )
