"""What folders of downloads take on the disk, and what their removal would free (a file with other links: nothing)."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from downloads_app.services.files.partials import find_partials

MAX_ENTRIES = 200_000
"""So many files are looked at; what lies beyond is left out, and the figures are minima."""


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes on the disk."""

    bytes: int
    freed_bytes: int
    """What removing them all would free: equal files of other downloads are links to the same bytes."""
    is_minimum: bool


def measure(folders: Iterable[Path]) -> Space:
    """Measure these folders of downloads, with their partial files; a folder that is not there takes nothing."""
    sizes: dict[tuple[int, int], int] = {}
    links: dict[tuple[int, int], int] = {}
    files = _files(folders)
    for status in islice(files, MAX_ENTRIES):
        content = status.st_dev, status.st_ino
        # A partial file has holes where no byte has come yet.
        sizes[content] = min(status.st_size, status.st_blocks * 512) if status.st_blocks else status.st_size
        links[content] = links.get(content, status.st_nlink) - 1
    freed = sum(size for content, size in sizes.items() if links[content] <= 0)
    return Space(sum(sizes.values()), freed, is_minimum=next(files, None) is not None)


def _files(folders: Iterable[Path]) -> Iterator[os.stat_result]:
    for folder in folders:
        for root in (folder, find_partials(folder)):
            for at, _, names in os.walk(root):
                for name in names:
                    try:
                        yield (Path(at) / name).lstat()
                    except OSError:
                        continue  # gone meanwhile
