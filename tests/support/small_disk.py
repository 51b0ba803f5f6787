"""A filesystem of its own with little room on it, so that the kernel itself says when it is full."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
_KEEP = 'mount -t tmpfs -o "$1" tmpfs "$2" && { echo mounted; read -r _; umount --lazy "$2"; }'
"""Mounts, and unmounts when its input ends. The kernel ends it however the test process dies, also by SIGKILL."""


@contextmanager
def small_disk(folder: Path, size_bytes: int, *, is_read_only: bool = False) -> Iterator[Path]:
    """Mount a filesystem in memory of `size_bytes` on `folder`, which is made; it goes with the block.

    One that is read-only is as the kernel leaves a disk that has failed.

    A mount that a killed run leaves would make later runs fail: pytest cannot remove its folders of before.
    """
    folder.mkdir()
    options = f"size={size_bytes},mode=0777,{'ro' if is_read_only else 'rw'}"
    command = [*_AS_ROOT, "sh", "-c", _KEEP, "sh", options, str(folder)]
    # In a session of its own, as Ctrl-C and a killed process group would end it before it unmounts.
    keeper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    try:
        assert keeper.stdout.readline() == b"mounted\n"
        yield folder
    finally:
        keeper.stdin.close()
        assert keeper.wait(30) == 0
        keeper.stdout.close()


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
