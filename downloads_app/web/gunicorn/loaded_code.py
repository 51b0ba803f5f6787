"""The files of the modules that gunicorn's master has loaded, and which of them have changed since.

New workers inherit these modules, whatever is on the disk: a reload after an upgrade would start workers of old and new
code mixed. Imports nothing of ours.
"""

import sys
from pathlib import Path

READ_AGAIN = {"__config__"}
"""gunicorn.conf.py under gunicorn's name for it: a reload runs it anew."""


class LoadedCode:
    """All loaded modules' files, as they were when this was made."""

    def __init__(self) -> None:
        modules = [module for name, module in list(sys.modules.items()) if name not in READ_AGAIN]
        files = {getattr(module, "__file__", None) for module in modules}
        self._files = {file: _changed_at(file) for file in files if file is not None}

    def find_changed(self) -> str | None:
        """Return one of the files that has changed since, or that is gone."""
        changed = (file for file, changed_at in self._files.items() if _changed_at(file) != changed_at)
        return min(changed, default=None)


def _changed_at(file: str) -> int | None:
    try:
        return Path(file).stat().st_mtime_ns
    except OSError:
        return None
