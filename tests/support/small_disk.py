"""A filesystem of its own with little room on it, so that the kernel itself says when it is full."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[Path]:
    """Mount a filesystem in memory of `size_bytes` on `folder`, which is made; it goes with the block."""
    folder.mkdir()
    options = f"size={size_bytes},mode=0777"
    subprocess.run([*_AS_ROOT, "mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*_AS_ROOT, "umount", "--lazy", str(folder)], check=True)


def fill_up(folder: Path) -> Path:
    """Take all the room that is left, to the last byte, by a file; return the file."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for block_bytes in (64 * 1024, 4096, 1):
            try:
                while file.write(b"\0" * block_bytes) == block_bytes:
                    pass
            except OSError:
                continue  # full for blocks of this size
    return ballast
