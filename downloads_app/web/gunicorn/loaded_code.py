"""The files of the modules that gunicorn's master has loaded, and which of them have changed since.

New workers inherit these modules, whatever is on the disk: a reload after an upgrade would start workers of old and new
code mixed. Imports nothing of ours.
"""

import hashlib
import sys
from pathlib import Path

READ_AGAIN = {"__config__"}
"""gunicorn.conf.py under gunicorn's name for it: a reload runs it anew."""
Look = tuple[int, int, bytes]
"""When a file was changed, its size, and the digest of its content."""


class LoadedCode:
    """All loaded modules' files, as they were when this was made: reading some 600 takes 0.05 s."""

    def __init__(self) -> None:
        modules = [module for name, module in list(sys.modules.items()) if name not in READ_AGAIN]
        files = {getattr(module, "__file__", None) for module in modules}
        self._files = {file: _look_at(Path(file)) for file in files if file is not None}

    def find_changed(self) -> str | None:
        """Return one of the files whose content has changed since, or that is gone.

        A file that is as it was counts as unchanged, whatever its time: git and pip write such files anew.
        """
        return min((file for file, look in self._files.items() if _differs(Path(file), look)), default=None)


def _look_at(file: Path) -> Look | None:
    try:
        status = file.stat()
        return status.st_mtime_ns, status.st_size, hashlib.sha256(file.read_bytes()).digest()
    except OSError:
        return None


def _differs(file: Path, before: Look | None) -> bool:
    try:
        status = file.stat()
    except OSError:
        return before is not None
    if before is not None and before[:2] == (status.st_mtime_ns, status.st_size):
        return False
    now = _look_at(file)
    return now is None or before is None or now[2] != before[2]
