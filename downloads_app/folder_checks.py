"""Whether INSTANCE_DIR and DOWNLOADS_DIR can be used: tried, in a way that leaves nothing behind."""

import errno
import grp
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from downloads_app.database_urls import sqlite_file

if TYPE_CHECKING:
    from downloads_app.config import Settings

_FULL = (errno.ENOSPC, errno.EDQUOT)
"""A full disk is no reason not to start: its downloads wait for room, and somebody has to see them to remove some."""

TRIAL_PREFIX = ".trial-"


class UnfitFolder(SystemExit):
    """A folder of the settings cannot be used: one line on stderr, exit code 1."""

    def __init__(self, name: str, folder: Path, reason: str) -> None:
        super().__init__(f"error: the folder {name}={str(folder)!r} {reason}")


def refuse_unfit_folders(settings: "Settings") -> None:
    """Raise UnfitFolder if a server cannot start with these folders."""
    refuse_unfit_instance(settings.instance_dir)
    refuse_unfit_downloads(settings, writes=bool(settings.embedded_worker))


def refuse_missing_instance(settings: "Settings") -> None:
    """Raise UnfitFolder where there is no instance yet, neither its folder nor an SQLite file elsewhere.

    A command would make an empty one, only to say that it is not migrated. With PostgreSQL a machine's own folder is
    made when it is first needed.
    """
    file = sqlite_file(settings.database_url) if settings.uses_sqlite else None
    if file is not None and not settings.instance_dir.exists() and not file.exists():
        reason = "is not there yet: start `downloads-app run` once, or run `downloads-app db upgrade`"
        raise UnfitFolder("INSTANCE_DIR", settings.instance_dir, reason)


def refuse_unfit_instance(folder: Path) -> None:
    """Raise UnfitFolder if the instance folder cannot be made or written to."""
    if (fault := find_fault(folder)) is not None:
        raise UnfitFolder("INSTANCE_DIR", folder, fault)


def refuse_unfit_downloads(settings: "Settings", *, writes: bool = True) -> None:
    """Raise UnfitFolder if downloads cannot lie in DOWNLOADS_DIR.

    A process that does not write there only needs it to be a folder, or one that can be made.
    """
    folder = settings.downloads_dir
    if (own := find_own_below(settings)) is not None:
        raise UnfitFolder("DOWNLOADS_DIR", folder, f"also holds {own}: name a folder for downloads alone")
    if not writes:
        with suppress(OSError):  # of a disk that does not say; the trial tells why
            if folder.is_dir():
                return
    group = group_of_files(settings) if settings.files_group else None
    if (fault := find_fault(folder, group)) is not None:
        raise UnfitFolder("DOWNLOADS_DIR", folder, fault)


def find_fault(folder: Path, group: int | None = None) -> str | None:
    """Return what is wrong if the folder cannot be made, be written to, or have files of the group; None if it can.

    Only a trial tells: root may write into any folder by its mode, also where no disk is below it (`/proc`).
    """
    nearest = folder
    try:
        while not _is_there(nearest):
            nearest = nearest.parent
        if not nearest.is_dir():
            return f"cannot be made: {nearest} is not a folder"
        probe = Path(tempfile.mkdtemp(prefix=TRIAL_PREFIX, dir=nearest))
    except OSError as exc:
        reason = exc.strerror or str(exc)
        if nearest == folder:
            return None if exc.errno in _FULL else f"cannot be written to: {reason}"
        return f"cannot be made: {nearest} cannot be written to ({reason})"
    try:
        if group is not None:
            os.chown(probe, -1, group)
    except OSError as exc:
        return f"cannot be given to FILES_GROUP: {exc.strerror}"
    finally:
        with suppress(OSError):
            probe.rmdir()
    return None


def _is_there(path: Path) -> bool:
    """Whether something has this name. Raises OSError where that cannot be known, as on a disk that is away."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def find_own_below(settings: "Settings") -> Path | None:
    """Return what of our own files lies in DOWNLOADS_DIR, a folder or the SQLite file; None if nothing does."""
    top = settings.downloads_dir.resolve()
    database = [sqlite_file(settings.database_url)] if settings.uses_sqlite else []
    own = (settings.instance_dir, Path(sys.prefix), *database)
    return next((path for path in own if path.resolve().is_relative_to(top)), None)


def group_of_files(settings: "Settings") -> int:
    """Return the id of the group that may read downloaded files: FILES_GROUP, else this process's own."""
    return grp.getgrnam(settings.files_group).gr_gid if settings.files_group else os.getegid()
