"""What of a download is here already, and how many bytes it still needs on the disk by our best knowledge."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from downloads_app.sources import RemoteFile
from downloads_app.worker.files.storage import FileResult, Storage, find_in_place, is_wanted


class Stock(NamedTuple):
    """Bytes of a download."""

    here_bytes: int
    """Of finished files, and those that a resume would keep."""
    missing_bytes: int
    """What is missing of files whose size is known."""
    perhaps_bytes: int
    """What is missing of the others, by their rounded size or by what their server said; 0 where nobody said it."""


def take_stock(folder: Path, files: Iterable[RemoteFile]) -> Stock:
    """Look at the disk; fetches nothing."""
    storage = Storage(folder)
    done = storage.read_done()
    here = missing = perhaps = 0
    for file in files:
        bytes_here, told = _look_at(file, storage, done.get(file.path))
        here += bytes_here
        if file.size_bytes is not None:
            missing += max(0, file.size_bytes - bytes_here)
        elif told is not None:
            perhaps += max(0, told - bytes_here)
    return Stock(here, missing, perhaps)


def _look_at(file: RemoteFile, storage: Storage, finished: FileResult | None) -> tuple[int, int | None]:
    """Return how many bytes of a file are here, and its size as far as it is known."""
    if finished is not None and is_wanted(finished, file):
        return finished.size_bytes, finished.size_bytes
    known = storage.read_side_file(file.path)
    if known is not None and known.is_of(file) and known.kept_bytes:
        return known.kept_bytes, known.total_bytes or file.about_bytes
    in_place = find_in_place(file, storage) if finished is None else None
    if in_place is not None:
        return in_place, in_place  # the transfer will check its sum
    return 0, file.about_bytes
