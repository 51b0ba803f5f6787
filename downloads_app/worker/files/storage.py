"""A download's files: partial ones beside its folder, finished ones in it, and nothing elsewhere.

A partial file has its data in `.<folder>.partial/<key>.data`. Its side-file `<key>.json` says which bytes are valid;
it is written after the data. A journal lists the placed files.
"""

import json
import logging
import math
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

from downloads_app.errors import NOT_ENOUGH_DISK, Cause, DownloadsError, SourceError
from downloads_app.services.files.folders import disk_bytes
from downloads_app.services.files.partials import SideFile as SideFile
from downloads_app.services.files.partials import find_partials, find_side_files, key_of, read_side_file
from downloads_app.sources import RemoteFile
from downloads_app.worker.files.disk import explain_disk, measure_sync, open_own
from downloads_app.worker.files.folding import folds_names, refuse_collisions
from downloads_app.worker.files.journal import FileResult as FileResult
from downloads_app.worker.files.journal import Journal, Placed
from downloads_app.worker.files.target_folder import TargetFolder, stamp_of

log = logging.getLogger(__name__)

COPY_BYTES = 1 << 20
DRAFT_BYTES = 4096
"""More than the size of a side-file."""


class Storage:
    """The files of one download. Raises NoSpace for a full disk, Conflict if the disk refuses something else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.partials = find_partials(folder)
        self.target = TargetFolder(folder)
        self._journal = Journal(self.partials)
        self._side_files: set[str] | None = None
        self.sync_seconds = math.inf
        """How long the disk takes to sync a few bytes. `prepare` measures it."""

    def make_folder(self) -> None:
        """Create the download's own folder."""
        with explain_disk(self.folder.name):
            self.folder.mkdir(parents=True, exist_ok=True)

    def prepare(self, paths: Iterable[str]) -> None:
        """Create the folders. Refuse names that are the same to this filesystem."""
        self.make_folder()
        with explain_disk(self.folder.name):
            self.partials.mkdir(exist_ok=True)
            self.target.note_taken_names()
            self.sync_seconds = measure_sync(self.partials)
            if folds_names(self.partials):
                refuse_collisions(paths)

    @cached_property
    def _disk_bytes(self) -> int:
        return disk_bytes(self.folder)

    def refuse_what_never_fits(self, path: str, size_bytes: int) -> None:
        """Raise SourceError for a file larger than the disk: what is known to be missing is reserved, from all others.

        For a size that the server tells as it sends the file; one from a listing is compared before the first byte.
        """
        with explain_disk(path):
            room = self._disk_bytes
        if size_bytes > room:
            text = f"{NOT_ENOUGH_DISK}: {path} has {size_bytes:,} bytes, as the server says, the disk {room:,}"
            raise SourceError(text, permanent=True, cause=Cause.ROOM)

    def open_journal(self) -> None:
        """Open the journal early, before too many files are open."""
        with explain_disk(self.folder.name):
            self._journal.open()

    def open_partial(self, path: str, *, keep: bool = True) -> int:
        """Open the data of a partial file for reading and writing. It is emptied unless `keep`.

        The caller closes the descriptor.
        """
        with explain_disk(path):
            return open_own(self._data_of(path), os.O_RDWR | (0 if keep else os.O_TRUNC))

    def _data_of(self, path: str) -> str:
        return f"{self.partials}/{key_of(path)}.data"

    def read_side_file(self, path: str) -> SideFile | None:
        """Return the content of a partial file's side-file; None if there is none that is usable."""
        if self._side_files is None:
            with explain_disk(path):
                self._side_files = find_side_files(self.partials)
        if not self._side_files or key_of(path) not in self._side_files:
            return None
        with explain_disk(path):
            return read_side_file(self.partials, path)

    def find_begun(self, file: RemoteFile) -> SideFile | None:
        """Return what an earlier run has left of a file; None if it does not belong to the wanted content."""
        known = self.read_side_file(file.path)
        return known if known is not None and known.is_of(file) else None

    def write_side_file(self, path: str, known: SideFile) -> None:
        """Replace the side-file in one step. Its data has already been written.

        This also reserves room for the next side-file: when the data has filled the disk, we can still record it.
        """
        target = self.partials / f"{key_of(path)}.json"
        draft = target.with_suffix(".draft")
        with explain_disk(path):
            _write_over(draft, json.dumps(asdict(known)).encode())
            draft.replace(target)
        with suppress(OSError):
            _write_over(draft, bytes(DRAFT_BYTES))
        if self._side_files is not None:
            self._side_files.add(key_of(path))

    def drop_side_file(self, path: str) -> None:
        """Remove a side-file. Without it, the data is ignored."""
        if self._side_files == set() or (self._side_files and key_of(path) not in self._side_files):
            return
        for suffix in ("json", "draft"):
            (self.partials / f"{key_of(path)}.{suffix}").unlink(missing_ok=True)

    @contextmanager
    def placing(self, may_write: Callable[[], bool]) -> Iterator[Callable[[Placed], None]]:
        """Yield a function that moves a verified and synced partial file to its final name.

        At the end all names are synced, and only then the journal gets its lines. If that fails, the files are partial
        ones again: what no journal knows would keep its room, and without a sum it would be fetched once more. But no
        file is moved that somebody has put in its place meanwhile, and none where `may_write` says no: another worker
        may have found it there.
        """
        placed: list[Placed] = []

        def place(file: Placed) -> None:
            put(self._data_of(file.path), file.path)
            placed.append(file)

        try:
            with self.target.filling() as put:
                yield place
            self._journal.add(placed)
        except DownloadsError:
            for file in placed:
                if may_write():
                    self.target.take_back(file.path, self._data_of(file.path), file.stamp)
            raise
        for file in placed:
            self.drop_side_file(file.path)

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()

    def read_done(self) -> dict[str, FileResult]:
        """Return the files that were placed before and have not been changed since."""
        found: dict[str, FileResult] = {}
        for file in self._journal.read():
            status = self.target.stat(file.path)
            if status and stamp_of(status) == file.stamp:
                found[file.path] = file.result
        return found


def is_wanted(result: FileResult, file: RemoteFile) -> bool:
    """Whether a finished file has the listing's SHA-256, or else the listing's size (if it has one)."""
    if file.sha256 is not None:
        return result.sha256 == file.sha256
    return file.size_bytes in (None, result.size_bytes)


def find_in_place(file: RemoteFile, storage: Storage) -> int | None:
    """Return the size of what has a file's final name, if its sum can show that it is the wanted one. Else None."""
    status = storage.target.stat(file.path) if file.vouching_sum else None
    return status.st_size if status and file.size_bytes in (None, status.st_size) else None


def link_existing(source: Path, folder: Path, path: str) -> None:
    """Put a verified file of another download here too: by a hard link, or by a copy if that fails.

    Leaves it out if it is no more: the other download has just been removed.
    """
    storage = Storage(folder)
    storage.prepare([path])
    draft = storage.partials / f"{key_of(path)}.copy"  # nothing ever writes to a file of this name
    with explain_disk(path):
        draft.unlink(missing_ok=True)
        if not _link_or_copy(source, draft, path):
            return
        with storage.target.filling() as put:
            put(str(draft), path)
        draft.unlink(missing_ok=True)  # renaming between two links to one file leaves both


def _link_or_copy(source: Path, draft: Path, path: str) -> bool:
    """Return whether the source was still there."""
    try:
        reader = source.open("rb")
    except FileNotFoundError:
        return False
    with reader:
        try:
            os.link(source, draft, follow_symlinks=False)
        except OSError as exc:
            log.warning("%s: it cannot be linked (%s); it is copied", path, exc.strerror)
            with os.fdopen(open_own(draft, os.O_WRONLY), "wb") as writer:
                shutil.copyfileobj(reader, writer, COPY_BYTES)
    return True


def _write_over(file: Path, content: bytes) -> None:
    """Write a file in the room that it already has on the disk."""
    with os.fdopen(open_own(file, os.O_WRONLY), "wb") as writer:
        writer.write(content)
        writer.truncate()
