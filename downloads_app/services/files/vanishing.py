"""Takes folders away at once for whoever looks for them by name, however long the disk takes to remove them."""

import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

SET_ASIDE = ".removed"
"""How the name of a folder ends that is set aside. It is beside a download's folder: no listed path reaches it."""
ABANDONED_SECONDS = 3600.0
"""What got such a name so long ago was left by a process that died."""


class SetAside:
    """Folders that got other names, in one step each. What is made in their places from now on is not theirs.

    One that can have no other name (the root of a disk) is left where it is until it is removed.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self._names: dict[Path, Path] = {}
        for folder in folders:
            aside = folder.with_name(f".{uuid4().hex}{SET_ASIDE}")
            try:
                self._names[folder] = folder.rename(aside)
            except FileNotFoundError:
                self._names[folder] = aside
            except OSError:
                self._names[folder] = folder

    def put_back(self) -> None:
        """Give them their names again; one in whose place there are files by now is removed."""
        for folder, aside in self._names.items():
            try:
                aside.rename(folder)
            except OSError:
                _remove(aside)

    def remove(self) -> None:
        """Remove them, and beside them what a process that died has set aside; errors of the disk are passed over."""
        for folder, aside in self._names.items():
            _remove(aside)
            for other in folder.parent.glob(f".*{SET_ASIDE}"):
                if _is_abandoned(other):
                    _remove(other)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(aside: Path) -> bool:
    try:
        return time.time() - aside.lstat().st_ctime >= ABANDONED_SECONDS  # a rename changes it
    except OSError:
        return False  # just removed by another
