"""A filesystem of its own with little room on it, so that the kernel itself says when it is full."""

import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.support.mounts import AS_ROOT, mounted

_SCRIPT = 'mount -t tmpfs -o "$1" tmpfs "$2" && { echo mounted; read -r _; umount --lazy "$2"; }'


def small_disk(folder: Path, size_bytes: int, *, is_read_only: bool = False) -> AbstractContextManager[Path]:
    """Mount a filesystem in memory of `size_bytes` on `folder`, which is made; it goes with the block.

    One that is read-only is as the kernel leaves a disk that has failed.
    """
    return mounted(folder, _SCRIPT, f"size={size_bytes},mode=0777,{'ro' if is_read_only else 'rw'}")


@contextmanager
def failed(disk: Path) -> Iterator[None]:
    """Make a disk of ours read-only within the block, as the kernel does with one that fails."""
    for mode in ("ro", "rw"):
        subprocess.run([*AS_ROOT, "mount", "-o", f"remount,{mode}", str(disk)], check=True)
        if mode == "ro":
            yield


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
