"""Where downloads lie below DOWNLOADS_DIR, and how they are removed from there."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from downloads_app.errors import Conflict
from downloads_app.sources.paths import ROOT

if TYPE_CHECKING:
    from downloads_app.models import Download, Provider, User


def folder_of(downloads_dir: Path, download: "Download") -> Path:
    """Return the folder of a download's files; each part of the path was checked when it was created."""
    return folder_for(downloads_dir, download.user, download.provider, download.repository.name, download.revision)


def folder_for(downloads_dir: Path, user: "User", provider: "Provider", repository: str, revision: str) -> Path:
    """Return where the files of a user's download lie, or would; the names have passed their checks."""
    return downloads_dir / _place(user, provider, repository, revision)


def place_of(download: "Download") -> str:
    """Return where a download's files lie below DOWNLOADS_DIR."""
    return _place(download.user, download.provider, download.repository.name, download.revision)


def _place(user: "User", provider: "Provider", repository: str, revision: str) -> str:
    """Put the parts together as text: lists show many of them, and Path takes ten times as long."""
    return "/".join(part for part in (user.username, provider.name, repository, revision) if part != ROOT)


def folder_of_user(downloads_dir: Path, user: "User") -> Path:
    """Return where all files of a user lie."""
    return folder_of_name(downloads_dir, user.username)


def folder_of_name(downloads_dir: Path, username: str) -> Path:
    """Return where the files of a user of that name lie, or would."""
    return downloads_dir / username


def remove_empty_parents(downloads_dir: Path, folder: Path) -> None:
    """Remove the folders above a download's folder that are empty."""
    for parent in folder.parents:
        if parent == downloads_dir or downloads_dir not in parent.parents:
            return
        try:
            parent.rmdir()
        except OSError:
            return  # not empty: other downloads live there


def remove_tree(folder: Path) -> None:
    """Remove a folder and its content, following no symbolic link; raises Conflict if something of it stays."""
    shutil.rmtree(folder, ignore_errors=True)  # goes on where another removes something at the same time
    try:
        shutil.rmtree(folder)
    except FileNotFoundError as exc:
        if os.path.lexists(folder):
            raise Conflict(f"The files in {folder.name} are being removed by another too; try again") from exc
    except OSError as exc:
        raise Conflict(f"The files in {folder.name} cannot be removed: {exc.strerror or exc}") from exc


def free_bytes(path: Path) -> int:
    """Return the bytes that we may still write on the filesystem of `path`, which need not exist yet."""
    status = _look_at_disk(path)
    return status.f_bavail * status.f_frsize


def disk_bytes(path: Path) -> int:
    """Return the size in bytes of the filesystem of `path`, which need not exist yet."""
    status = _look_at_disk(path)
    return status.f_blocks * status.f_frsize


def _look_at_disk(path: Path) -> os.statvfs_result:
    while not path.exists():
        path = path.parent
    return os.statvfs(path)
