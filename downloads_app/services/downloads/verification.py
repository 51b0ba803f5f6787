"""Reads the complete files of a download again, and compares them with what was written down when they arrived."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sqlalchemy import select

from downloads_app.extensions import db
from downloads_app.models import Download, DownloadFile, Status
from downloads_app.services.database.session import give_connection_back
from downloads_app.services.files.folders import folder_of

STEP_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Known:
    """A complete file as it was when it arrived."""

    path: str
    size_bytes: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Task:
    """The files of one download that are to be read; needs no database any more."""

    download_id: str
    repository: str
    status: str
    folder: Path
    files: tuple[Known, ...]

    @property
    def is_complete(self) -> bool:
        """Whether these are all files of the download."""
        return self.status == Status.COMPLETED

    @property
    def size_bytes(self) -> int:
        """How much there is to read."""
        return sum(file.size_bytes for file in self.files)


def find_completed() -> list[str]:
    """Return the ids of all completed downloads, the oldest first."""
    query = select(Download.id).where(Download.status == Status.COMPLETED).order_by(Download.created_at, Download.id)
    return list(db.session.scalars(query))


def plan(downloads_dir: Path, download: Download) -> Task:
    """Return what there is to read of a download; no connection is held afterwards."""
    columns = DownloadFile.path, DownloadFile.size_bytes, DownloadFile.sha256
    of_it = (DownloadFile.download_id == download.id, DownloadFile.completed_at.is_not(None))
    rows = db.session.execute(select(*columns).where(*of_it).order_by(DownloadFile.position))
    files = tuple(Known(path, size or 0, told) for path, size, told in rows)
    folder = folder_of(downloads_dir, download)
    task = Task(download.id, download.repository.name, download.status, folder, files)
    give_connection_back()
    return task


def read_all(task: Task, note_read: Callable[[int], object]) -> Iterator[tuple[str, str]]:
    """Read every file; yield the path of each that differs, and how. `note_read` is told the bytes as they are read."""
    for file in task.files:
        fault = _find_fault(task.folder / file.path, file, note_read)
        if fault is not None:
            yield file.path, fault


def _find_fault(path: Path, file: Known, note_read: Callable[[int], object]) -> str | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return "it is missing"
    except OSError as exc:
        return f"it cannot be read: {exc.strerror}"
    digest = sha256()
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return "it is no file any more"
        if status.st_size != file.size_bytes:
            return f"its size is {status.st_size:,}, {file.size_bytes:,} bytes are expected"
        while block := os.read(descriptor, STEP_BYTES):
            digest.update(block)
            note_read(len(block))
    except OSError as exc:
        return f"it cannot be read: {exc.strerror}"
    finally:
        os.close(descriptor)
    if file.sha256 is not None and digest.hexdigest() != file.sha256:
        return f"its SHA-256 is {digest.hexdigest()}, {file.sha256} is expected"
    return None
