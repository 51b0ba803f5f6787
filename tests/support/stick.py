"""A disk as cameras and USB sticks have it: exFAT, which knows no links, modes or owners."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.mounts import mounted

_SCRIPT = """
device=$(losetup --find --show "$1") || exit
mount.exfat-fuse -o umask=0000 "$device" "$2" && { echo mounted; read -r _; umount "$2"; }
losetup --detach "$device"
"""
SIZE_BYTES = 8 << 20


@contextmanager
def disk_without_links(folder: Path) -> Iterator[Path]:
    """Mount such a disk on `folder`, which is made; it goes with the block."""
    image = folder.with_suffix(".image")
    with image.open("wb") as file:
        file.truncate(SIZE_BYTES)
    subprocess.run(["mkfs.exfat", str(image)], check=True, capture_output=True)
    with mounted(folder, _SCRIPT, str(image)):
        yield folder
