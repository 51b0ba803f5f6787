"""File modes: only our own user reads our own files; members of FILES_GROUP may read downloaded files."""

import logging
import os
import stat
from contextlib import suppress
from errno import EPERM
from pathlib import Path
from typing import TYPE_CHECKING

from downloads_app.database_urls import sqlite_file
from downloads_app.errors import Conflict
from downloads_app.folder_checks import TRIAL_PREFIX, UnfitFolder, find_fault, group_of_files, refuse_unfit_downloads

if TYPE_CHECKING:
    from downloads_app.config import Settings

log = logging.getLogger(__name__)

FILE_MODE = 0o640
FOLDER_MODE = 0o2750
"""With the set-group-id bit: new files in such a folder get its group, and new folders get the bit too."""
GROUP_READS = 0o050
UMASK = 0o027
INSTANCE_MODE = 0o710
"""Members of the group may pass through to the downloaded files, but may not list this folder."""
SECRET_MODE = 0o600
SQLITE_SUFFIXES = ("", "-wal", "-shm", "-journal")
_SQLITE_BEGINS = b"SQLite format 3\0"
"""How the file of a database begins that has a table; before that it is empty."""
_NOBODYS = ("lost+found", TRIAL_PREFIX)
"""How the names begin of what is no sign of others' files: another worker may just be trying the folder."""


def prepare_instance(settings: "Settings") -> None:
    """Make the instance folder, and let only our own user read the SQLite file, also an existing one.

    SQLite gives its other files the mode of this one. What is no SQLite file keeps its mode: the first query reports
    it. Raises UnfitFolder if the folder cannot be made.
    """
    try:
        settings.instance_dir.mkdir(INSTANCE_MODE, parents=True, exist_ok=True)
    except OSError as exc:
        raise UnfitFolder("INSTANCE_DIR", settings.instance_dir, f"cannot be made: {exc.strerror or exc}") from None
    if not settings.uses_sqlite:
        return
    file = sqlite_file(settings.database_url)
    if _read_beginning(file) in (b"", _SQLITE_BEGINS):
        for suffix in SQLITE_SUFFIXES:
            _tighten(Path(f"{file}{suffix}"))


def _read_beginning(file: Path) -> bytes | None:
    """Make a file that is not there, and return its first bytes; None if it cannot be opened, as a folder cannot."""
    try:
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, SECRET_MODE), "rb") as opened:
            return opened.read(len(_SQLITE_BEGINS))
    except OSError:
        return None


def prepare_downloads(settings: "Settings") -> None:
    """Set the group and mode of DOWNLOADS_DIR to what FILES_GROUP asks for, after those of all files below it.

    Raises UnfitFolder if downloads cannot lie there, Conflict if this process may not give files to that group. Without
    FILES_GROUP, a folder of another user, on a filesystem without modes, or with others' files stays as it is.
    """
    folder, group = settings.downloads_dir, group_of_files(settings)
    refuse_unfit_downloads(settings)
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise UnfitFolder("DOWNLOADS_DIR", folder, f"cannot be made: {exc.strerror or exc}") from None
    try:
        if not _is_as_wanted(folder.stat(), group, FOLDER_MODE):
            _refuse_others_files(settings)
            _give_all(folder, group)
    except PermissionError as exc:
        if settings.files_group and not _lets_in(folder.stat(), group):
            raise Conflict(f"{folder} cannot be given to FILES_GROUP {settings.files_group!r}: {exc.strerror}") from exc
        log.warning("%s keeps its mode: %s", folder, exc.strerror)


def find_group_fault(settings: "Settings") -> str | None:
    """Return why no worker would start with FILES_GROUP as DOWNLOADS_DIR is, as far as can be told without a change."""
    folder, group = settings.downloads_dir, group_of_files(settings)
    if not settings.files_group or not folder.is_dir():
        return None
    if (fault := find_fault(folder, group)) is not None or _lets_in(folder.stat(), group):
        return fault
    try:
        _refuse_others_files(settings)
    except PermissionError as exc:
        return f"cannot be given to FILES_GROUP: {exc.strerror}"
    return None


def _lets_in(status: os.stat_result, group: int) -> bool:
    """Whether the group can reach the files; an admin, or a filesystem with fixed modes, may have seen to it."""
    return status.st_gid == group and status.st_mode & GROUP_READS == GROUP_READS


def _refuse_others_files(settings: "Settings") -> None:
    """Raise PermissionError if DOWNLOADS_DIR may hold others' files: it may be a home, or `/etc`, by mistake.

    Ours is what lies in INSTANCE_DIR, what is empty, and what has our mode already.
    """
    folder = settings.downloads_dir
    is_ours = folder.resolve().is_relative_to(settings.instance_dir.resolve())
    holds_others = any(not entry.name.startswith(_NOBODYS) for entry in folder.iterdir())
    if holds_others and not is_ours and stat.S_IMODE(folder.stat().st_mode) != FOLDER_MODE:
        advice = f"if all of them are downloads, say so by chmod {FOLDER_MODE:o}"
        raise PermissionError(EPERM, f"it was there before, with files that may be others' ({advice})")


def _give_all(folder: Path, group: int) -> None:
    """Change the topmost folder last: its mode then shows that all below it is done.

    DOWNLOADS_DIR itself may be a symbolic link. Below it none is followed.
    """
    for within, _, names, descriptor in os.fwalk(folder.resolve(), topdown=False):
        for name in names:
            with suppress(FileNotFoundError):  # others remove and rename files meanwhile
                _give(name, group, FILE_MODE, descriptor)
        with suppress(FileNotFoundError):
            _give(within, group, FOLDER_MODE, None)


def _give(name: str, group: int, mode: int, descriptor: int | None) -> None:
    """Give a file of ours to the group, unless it has it already; a symbolic link is left alone."""
    status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
    if stat.S_ISLNK(status.st_mode) or _is_as_wanted(status, group, mode):
        return
    os.chown(name, -1, group, dir_fd=descriptor, follow_symlinks=False)
    os.chmod(name, mode, dir_fd=descriptor)


def _is_as_wanted(status: os.stat_result, group: int, mode: int) -> bool:
    return status.st_gid == group and stat.S_IMODE(status.st_mode) == mode


def _tighten(file: Path) -> None:
    """Remove other users' rights to a file of ours."""
    try:
        status = file.stat()
        is_ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()  # /dev/null is not
        if is_ours and stat.S_IMODE(status.st_mode) != SECRET_MODE:
            file.chmod(SECRET_MODE)
    except OSError:
        return  # not there: SQLite removes them with the last connection
