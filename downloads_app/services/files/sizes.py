"""How many bytes a file takes, or the files of a folder."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

_BLOCK_BYTES = 512
"""The unit of `st_blocks`: stat(2)."""


def measure_file(path: Path) -> int | None:
    """Return the size of a regular file in bytes; None where none can be found, as where it has just been removed."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def find_files(folder: Path) -> Iterator[tuple[os.stat_result, int]]:
    """Yield each file in a folder, which may be missing, and its bytes: of a partial file those that are written.

    Follows no symbolic link; needs no database.
    """
    waiting = [folder]
    while waiting:
        within = waiting.pop()
        is_partial = within.name.startswith(".") and within.name.endswith(".partial")
        try:
            entries = list(os.scandir(within))
        except OSError:
            continue  # removed meanwhile, or never there
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if stat.S_ISDIR(status.st_mode):
                waiting.append(within / entry.name)
            elif stat.S_ISREG(status.st_mode):
                written = status.st_blocks * _BLOCK_BYTES
                yield status, min(status.st_size, written) if is_partial else status.st_size


def tree_bytes(folder: Path) -> int:
    """Return the bytes of all files in a folder, as `find_files` has them; a file with several links counts once."""
    total, linked = 0, set()
    for status, size in find_files(folder):
        if status.st_ino in linked:
            continue
        if status.st_nlink > 1:
            linked.add(status.st_ino)
        total += size
    return total
