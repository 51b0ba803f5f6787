"""How many bytes the files of a folder take."""

import os
import stat
from pathlib import Path

_BLOCK_BYTES = 512
"""The unit of `st_blocks`: stat(2)."""


def tree_bytes(folder: Path) -> int:
    """Return the bytes of all files in a folder, which may be missing. Follows no symbolic link; needs no database."""
    total, linked, waiting = 0, set(), [folder]
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
            elif stat.S_ISREG(status.st_mode) and status.st_ino not in linked:
                if status.st_nlink > 1:
                    linked.add(status.st_ino)
                written = status.st_blocks * _BLOCK_BYTES
                total += min(status.st_size, written) if is_partial else status.st_size
    return total
