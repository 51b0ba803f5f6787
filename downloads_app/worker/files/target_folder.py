"""The final names of a download's files. Paths are opened segment by segment, so no symbolic link is followed."""

import os
import stat
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from downloads_app.errors import TooManyFiles
from downloads_app.sources.descriptors import SHORT
from downloads_app.worker.files.disk import explain_disk, sync

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
Stamp = tuple[int, int]
"""A file's size in bytes, and when it was last changed, in nanoseconds."""


class TargetFolder:
    """The names in and below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._taken: set[str] | None = None

    def note_taken_names(self) -> None:
        """Note which names exist now. Later, only these can be old files."""
        top = os.path.realpath(self.folder)
        self._taken = {f"{within}/{name}"[len(top) + 1 :] for within, _, names, _ in os.fwalk(top) for name in names}

    def stat(self, path: str) -> os.stat_result | None:
        """Return the status of the regular file with this name; None if there is none."""
        if self._taken is not None and path not in self._taken:
            return None
        try:
            with self._parent_of(path) as parent:
                status = os.stat(path.rpartition("/")[2], dir_fd=parent, follow_symlinks=False)
        except OSError as exc:
            if exc.errno in SHORT:
                raise TooManyFiles(f"{path}: too many open files") from exc  # it may be there
            return None
        return status if stat.S_ISREG(status.st_mode) else None

    def find_missing(self, paths: Iterable[str]) -> str | None:
        """Return one of these paths where no regular file stands any more; None if all are there.

        Each folder is listed once. A disk may list a name in another spelling, so what is not listed is looked for.
        """
        wanted: dict[str, set[str]] = defaultdict(set)
        for path in paths:
            within, _, name = path.rpartition("/")
            wanted[within].add(name)
        with explain_disk(self.folder.name):
            for within, names in wanted.items():
                for name in names - self._files_in(within):
                    path = f"{within}/{name}".lstrip("/")
                    if self.stat(path) is None:
                        return path
        return None

    def _files_in(self, within: str) -> set[str]:
        try:
            descriptor = self._enter(within, create=False)
        except FileNotFoundError:
            return set()
        try:
            with os.scandir(descriptor) as entries:
                return {entry.name for entry in entries if entry.is_file(follow_symlinks=False)}
        finally:
            os.close(descriptor)

    def open(self, path: str) -> int:
        """Open a file for reading. The caller closes the descriptor."""
        with explain_disk(path), self._parent_of(path) as parent:
            return os.open(path.rpartition("/")[2], os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)

    @contextmanager
    def filling(self) -> Iterator[Callable[[str, str], None]]:
        """Yield a function that moves a draft to its final name. At the end the names are synced to the disk.

        Each folder is opened and synced once for all its files.
        """
        folders: dict[str, int] = {}

        def put(draft: str, path: str) -> None:
            within, _, name = path.rpartition("/")
            with explain_disk(path):
                if within not in folders:
                    folders[within] = self._enter(within, create=True)
                os.rename(draft, name, dst_dir_fd=folders[within])

        try:
            yield put
            for within, descriptor in folders.items():
                with explain_disk(within or self.folder.name):
                    sync(descriptor)
        finally:
            for descriptor in folders.values():
                os.close(descriptor)

    def take_back(self, path: str, draft: str, stamp: Stamp) -> None:
        """Move a file from its final name to a draft. It stays if its stamp is another, or the disk refuses."""
        name = path.rpartition("/")[2]
        with suppress(OSError), self._parent_of(path) as parent:
            if stamp_of(os.stat(name, dir_fd=parent, follow_symlinks=False)) == stamp:
                os.rename(name, draft, src_dir_fd=parent)

    @contextmanager
    def _parent_of(self, path: str) -> Iterator[int]:
        descriptor = self._enter(path.rpartition("/")[0], create=False)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _enter(self, within: str, *, create: bool) -> int:
        """Open a folder segment by segment, never through a symbolic link. The caller closes it."""
        descriptor = os.open(self.folder, _FOLDER_FLAGS)
        for segment in within.split("/") if within else ():
            try:
                inner = _open_folder(segment, descriptor, create=create)
            finally:
                os.close(descriptor)
            descriptor = inner
        return descriptor


def stamp_of(status: os.stat_result) -> Stamp:
    """Return what shows whether somebody has changed a file, or put another in its place."""
    return status.st_size, status.st_mtime_ns


def _open_folder(segment: str, parent: int, *, create: bool) -> int:
    try:
        return os.open(segment, _FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=parent)
    except FileNotFoundError:
        if not create:
            raise
    with suppress(FileExistsError):  # another thread of this download was faster
        os.mkdir(segment, dir_fd=parent)
        sync(parent)
    return os.open(segment, _FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=parent)
