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
    lacks_unknown: bool
    """Whether bytes are missing, or may be, of a file whose size the listing does not tell."""


def take_stock(folder: Path, files: Iterable[RemoteFile]) -> Stock:
    """Look at the disk; fetches nothing."""
    storage = Storage(folder)
    done = storage.read_done()
    here = missing = perhaps = 0
    lacks_unknown = False
    for file in files:
        bytes_here, told, is_exact = _look_at(file, storage, done.get(file.path))
        here += bytes_here
        if file.size_bytes is not None:
            missing += max(0, file.size_bytes - bytes_here)
            continue
        perhaps += max(0, (told or 0) - bytes_here)
        lacks_unknown = lacks_unknown or not is_exact or bytes_here < (told or 0)
    return Stock(here, missing, perhaps, lacks_unknown)


def _look_at(file: RemoteFile, storage: Storage, finished: FileResult | None) -> tuple[int, int | None, bool]:
    """Return how many bytes of a file are here, its size as far as it is known, and whether that is exact."""
    if finished is not None and is_wanted(finished, file):
        return finished.size_bytes, finished.size_bytes, True
    known = storage.read_side_file(file.path)
    if known is not None and known.is_of(file) and known.kept_bytes:
        return known.kept_bytes, known.total_bytes or file.about_bytes, bool(known.total_bytes)
    in_place = find_in_place(file, storage) if finished is None else None
    if in_place is not None:
        return in_place, in_place, True  # the transfer will check its sum
    return 0, file.about_bytes, False
