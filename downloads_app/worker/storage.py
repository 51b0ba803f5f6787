"""Where a download's bytes lie: partial files beside its folder, finished ones in it, and nothing outside.

A partial file has its data in `.<folder>.partial/<key>.data` and, written after the data is, what is known
of it in `<key>.json`. Names in the folder are reached one segment at a time without following symbolic
links, so that a link planted there leads nowhere.
"""

import json
import os
import shutil
import stat
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from downloads_app.services.partials import find_partials as find_partials
from downloads_app.services.partials import remove_partials as remove_partials
from downloads_app.sources import RemoteFile
from downloads_app.worker.disk import explain_disk
from downloads_app.worker.folding import folds_names, refuse_collisions

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_DONE = "done.jsonl"


@dataclass(frozen=True, slots=True)
class SideFile:
    """What is known of a partial file: for which content it is, and which bytes of it are there."""

    validator: str
    total_bytes: int | None
    ranges: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class FileResult:
    """A file that stands verified under its final name. `sha256` is computed, whoever else knew it."""

    sha256: str
    size_bytes: int
    validator: str


class Storage:
    """The places of one download. Raises NoSpace for a full disk, Conflict for what else the disk refuses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.partials = find_partials(folder)
        self._side_files: set[str] | None = None
        self._done_descriptor = -1
        self._was_empty = False
        """Whether there was nothing in the folder when it was prepared: nothing old needs to be looked for."""
        self._lock = threading.Lock()

    def prepare(self, paths: Iterable[str]) -> None:
        """Create the folders; refuse names that this filesystem takes for one and the same."""
        with explain_disk(str(self.folder)):
            self.folder.mkdir(parents=True, exist_ok=True)
            self.partials.mkdir(exist_ok=True)
            self._was_empty = next(self.folder.iterdir(), None) is None
            if folds_names(self.partials):
                refuse_collisions(paths)

    def open_partial(self, path: str, *, keep: bool = True) -> int:
        """Open the data of a partial file for reading and writing, empty unless there is something to keep.

        The caller closes the descriptor.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | (0 if keep else os.O_TRUNC)
        with explain_disk(path):
            return os.open(self._data_of(path), flags, 0o644)

    def _data_of(self, path: str) -> str:
        return f"{self.partials}/{_key(path)}.data"

    def read_side_file(self, path: str) -> SideFile | None:
        """Return what is known of a partial file; None where nothing usable is."""
        if self._side_files is None:
            self._side_files = {entry.stem for entry in self.partials.glob("*.json")}
        if not self._side_files or _key(path) not in self._side_files:
            return None
        return _read_side_file(self.partials, path)

    def write_side_file(self, path: str, known: SideFile) -> None:
        """Replace the side-file in one step; the data it speaks of has been written before."""
        target = self.partials / f"{_key(path)}.json"
        with explain_disk(path):
            draft = target.with_suffix(".draft")
            draft.write_text(json.dumps(asdict(known)))
            draft.replace(target)
        if self._side_files is not None:
            self._side_files.add(_key(path))

    def drop_side_file(self, path: str) -> None:
        """Remove a side-file: data that no side-file speaks of is worth nothing."""
        if self._side_files == set() or (self._side_files and _key(path) not in self._side_files):
            return
        (self.partials / f"{_key(path)}.json").unlink(missing_ok=True)

    def place(self, path: str, result: FileResult, modified_ns: int) -> None:
        """Move a verified and synced partial file to its final name and write that down."""
        with explain_disk(path), self._parent_of(path, create=True) as parent:
            os.rename(self._data_of(path), path.rpartition("/")[2], dst_dir_fd=parent)
        self._note_done(
            {
                "path": path,
                "modified_ns": modified_ns,
                "sha256": result.sha256,
                "size_bytes": result.size_bytes,
                "validator": result.validator,
            }
        )
        self.drop_side_file(path)

    def _note_done(self, fields: dict[str, object]) -> None:
        """Add a line; one write at the end of a file is not torn apart by other threads'."""
        with explain_disk(_DONE), self._lock:
            if self._done_descriptor < 0:
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
                self._done_descriptor = os.open(self.partials / _DONE, flags, 0o644)
            line = json.dumps(fields).encode()
            os.write(self._done_descriptor, b"\n" + line + b"\n")  # the line before may be torn

    def close(self) -> None:
        """Close what is kept open between files."""
        with self._lock:
            if self._done_descriptor >= 0:
                os.close(self._done_descriptor)
                self._done_descriptor = -1

    def read_done(self) -> dict[str, FileResult]:
        """Return the files that were placed before and lie there untouched since."""
        found: dict[str, FileResult] = {}
        for path, modified_ns, result in _read_done(self.partials):
            status = self.stat_final(path)
            if status and (status.st_size, status.st_mtime_ns) == (result.size_bytes, modified_ns):
                found[path] = result
        return found

    def stat_final(self, path: str) -> os.stat_result | None:
        """Return the status of the regular file under a final name; None where there is none."""
        if self._was_empty:
            return None
        try:
            with self._parent_of(path, create=False) as parent:
                status = os.stat(path.rpartition("/")[2], dir_fd=parent, follow_symlinks=False)
        except OSError:
            return None
        return status if stat.S_ISREG(status.st_mode) else None

    def open_final(self, path: str) -> int:
        """Open a file under its final name for reading; the caller closes the descriptor."""
        with explain_disk(path), self._parent_of(path, create=False) as parent:
            return os.open(path.rpartition("/")[2], os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)

    @contextmanager
    def _parent_of(self, path: str, *, create: bool) -> Iterator[int]:
        """Open the folder of `path`, segment by segment, never through a symbolic link."""
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for segment in path.split("/")[:-1]:
                inner = _open_folder(segment, descriptor, create=create)
                os.close(descriptor)
                descriptor = inner
            yield descriptor
        finally:
            os.close(descriptor)


def partial_bytes(folder: Path, files: Iterable[RemoteFile]) -> int:
    """Return how many bytes of `files` are here already: finished ones, and what a resume would keep."""
    storage = Storage(folder)
    done = storage.read_done()
    total = 0
    for file in files:
        finished = done.get(file.path)
        if finished is not None and is_wanted(finished, file):
            total += finished.size_bytes
        elif known := storage.read_side_file(file.path):
            total += sum(end - start for start, end in known.ranges)
    return total


def is_wanted(result: FileResult, file: RemoteFile) -> bool:
    """Whether a finished file is what the listing asks for."""
    if file.sha256 is not None:
        return result.sha256 == file.sha256
    return file.size_bytes in (None, result.size_bytes)


def link_existing(source: Path, folder: Path, path: str) -> None:
    """Give a verified file of another download its place here: a hard link, or a copy where that fails."""
    storage = Storage(folder)
    storage.prepare([path])
    draft = storage.partials / f"{_key(path)}.data"
    with explain_disk(path):
        draft.unlink(missing_ok=True)
        try:
            os.link(source, draft, follow_symlinks=False)
        except OSError:
            shutil.copyfile(source, draft)
        with storage._parent_of(path, create=True) as parent:
            os.rename(draft, path.rpartition("/")[2], dst_dir_fd=parent)
        draft.unlink(missing_ok=True)  # renaming between two links to one file leaves both


@lru_cache(maxsize=1024)
def _key(path: str) -> str:
    return sha256(path.encode()).hexdigest()[:32]


def _open_folder(segment: str, parent: int, *, create: bool) -> int:
    try:
        return os.open(segment, _FOLDER_FLAGS, dir_fd=parent)
    except FileNotFoundError:
        if not create:
            raise
    with suppress(FileExistsError):  # another thread of this download was faster
        os.mkdir(segment, dir_fd=parent)
    return os.open(segment, _FOLDER_FLAGS, dir_fd=parent)


def _read_side_file(partials: Path, path: str) -> SideFile | None:
    try:
        fields = json.loads((partials / f"{_key(path)}.json").read_bytes())
        present = (partials / f"{_key(path)}.data").stat().st_size
        ranges = [(int(start), int(end)) for start, end in fields["ranges"]]
        if any(not 0 <= start < end <= present for start, end in ranges):
            return None
        return SideFile(str(fields["validator"]), fields["total_bytes"], ranges)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _read_done(partials: Path) -> Iterator[tuple[str, int, FileResult]]:
    try:
        lines = (partials / _DONE).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        try:
            fields = json.loads(line)
            result = FileResult(fields["sha256"], fields["size_bytes"], fields["validator"])
            yield fields["path"], fields["modified_ns"], result
        except (ValueError, KeyError, TypeError):
            continue  # empty, or the last line of a process that was killed while writing it
