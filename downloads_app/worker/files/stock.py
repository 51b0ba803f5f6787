"""What of a download is here already, and how many bytes it still needs on the disk by our best knowledge."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from downloads_app.sources import RemoteFile
from downloads_app.worker.files.storage import FileResult, Storage, is_wanted


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
    if finished is None and file.sha256 is not None:
        status = storage.target.stat(file.path)
        if status is not None and status.st_size == file.size_bytes:
            return status.st_size, file.size_bytes  # the transfer will check its sum
    return 0, file.about_bytes
