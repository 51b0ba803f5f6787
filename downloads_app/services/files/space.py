"""What folders of downloads take on the disk, and what their removal would free (a file with other links: nothing)."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from downloads_app.services.files.partials import find_partials
from downloads_app.services.files.sizes import find_files

MAX_ENTRIES = 200_000
"""So many files are looked at; what lies beyond is left out, and the figures are minima."""


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes on the disk."""

    bytes: int
    freed_bytes: int
    """What removing them all would free: equal files of other downloads are links to the same bytes."""
    is_minimum: bool
    staying_downloads: int = 0
    """So many have a folder that a download beside them has too: their removal frees nothing."""


def measure(folders: Iterable[Path]) -> Space:
    """Measure these folders of downloads, with their partial files; a folder that is not there takes nothing."""
    sizes: dict[tuple[int, int], int] = {}
    links: dict[tuple[int, int], int] = {}
    roots = (root for folder in folders for root in (folder, find_partials(folder)))
    files = chain.from_iterable(map(find_files, roots))
    for status, size in islice(files, MAX_ENTRIES):
        content = status.st_dev, status.st_ino
        sizes[content] = size
        links[content] = links.get(content, status.st_nlink) - 1
    freed = sum(size for content, size in sizes.items() if links[content] <= 0)
    return Space(sum(sizes.values()), freed, is_minimum=next(files, None) is not None)
