"""A disk as cameras and USB sticks have it: exFAT, which knows no links, modes or owners."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
_KEEP = """
device=$(losetup --find --show "$1") || exit
mount.exfat-fuse -o umask=0000 "$device" "$2" && { echo mounted; read -r _; umount "$2"; }
losetup --detach "$device"
"""
"""As in `small_disk`: the disk goes with this process, however it ends."""
SIZE_BYTES = 8 << 20


@contextmanager
def disk_without_links(folder: Path) -> Iterator[Path]:
    """Mount such a disk on `folder`, which is made; it goes with the block."""
    folder.mkdir()
    image = folder.with_suffix(".image")
    with image.open("wb") as file:
        file.truncate(SIZE_BYTES)
    subprocess.run(["mkfs.exfat", str(image)], check=True, capture_output=True)
    command = [*_AS_ROOT, "sh", "-c", _KEEP, "sh", str(image), str(folder)]
    keeper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    try:
        while keeper.stdout.readline() != b"mounted\n":  # it greets first
            assert keeper.poll() is None
        yield folder
    finally:
        keeper.stdin.close()
        assert keeper.wait(30) == 0
        keeper.stdout.close()
