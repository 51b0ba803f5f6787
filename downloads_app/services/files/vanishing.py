"""Takes folders away at once for whoever looks for them by name, however long the disk takes to remove them."""

import errno
import logging
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from downloads_app.modes import FOLDER_MODE

SET_ASIDE = ".removed"
"""The folder below DOWNLOADS_DIR for what is set aside: no user has such a name, so no quota counts it.

What is on another disk is set aside beside itself, under a name that ends so: no listed path reaches it there.
"""
ABANDONED_SECONDS = 3600.0
"""What was set aside so long ago was left by a process that died."""
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST, errno.EISDIR, errno.ENOTDIR)

log = logging.getLogger(__name__)


class SetAside:
    """Folders that got other names, in one step each. What is made in their places from now on is not theirs.

    One that can have no other name (the root of a disk) is left where it is until it is removed.
    """

    def __init__(self, downloads_dir: Path, folders: Iterable[Path]) -> None:
        self._downloads_dir = downloads_dir
        found = ((folder, _set_aside(downloads_dir, folder)) for folder in folders)
        self._asides = {folder: aside for folder, aside in found if aside is not None}

    def put_back(self) -> None:
        """Give them their names again; one in whose place there are files by now is removed."""
        for folder, aside in self._asides.items():
            if aside == folder:
                continue
            try:
                self._make_parents(folder)
                aside.rename(folder)
            except OSError as exc:
                if exc.errno in _TAKEN:
                    _remove(aside)
                else:
                    log.warning("%s cannot be put back from %s: %s", folder, aside, exc.strerror)

    def _make_parents(self, folder: Path) -> None:
        """Make the folders between DOWNLOADS_DIR and this one again that another deletion found empty."""
        for parent in reversed(folder.parents):
            if self._downloads_dir in parent.parents:
                parent.mkdir(FOLDER_MODE, exist_ok=True)

    def remove(self) -> None:
        """Remove them. Raises OSError where files stay under their old name; other errors are passed over."""
        for folder, aside in self._asides.items():
            _remove(aside)
            if aside.parent == folder.parent:
                _remove_abandoned(folder.parent)
        for folder, aside in self._asides.items():
            if aside == folder:
                _remove_or_raise(folder)


def remove_abandoned(downloads_dir: Path) -> None:
    """Remove what processes that died have set aside; errors of the disk are passed over."""
    _remove_abandoned(downloads_dir / SET_ASIDE)


def _set_aside(downloads_dir: Path, folder: Path) -> Path | None:
    """Return the new name, which is the old one where there can be no other; None if the folder is not there."""
    name = f".{uuid4().hex}{SET_ASIDE}"
    with suppress(OSError):
        (downloads_dir / SET_ASIDE).mkdir(FOLDER_MODE, exist_ok=True)
        return folder.rename(downloads_dir / SET_ASIDE / name)
    try:
        return folder.rename(folder.with_name(name))
    except FileNotFoundError:
        return None
    except OSError:
        return folder


def _remove(folder: Path) -> None:
    """Remove a folder; of a symbolic link in its place the link alone."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        folder.unlink()


def _remove_or_raise(folder: Path) -> None:
    """Remove a folder, if it is there. Raises OSError if something of it stays."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as exc:
        if exc.errno != errno.EBUSY:  # the root of a disk, which is empty now
            raise


def _remove_abandoned(within: Path) -> None:
    with suppress(OSError):  # glob raises what the disk says
        for aside in within.glob(f".{'[0-9a-f]' * 32}{SET_ASIDE}"):
            if _is_abandoned(aside):
                _remove(aside)


def _is_abandoned(aside: Path) -> bool:
    try:
        return time.time() - aside.lstat().st_ctime >= ABANDONED_SECONDS  # a rename changes it
    except OSError:
        return False  # just removed by another
