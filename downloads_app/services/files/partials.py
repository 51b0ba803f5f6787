"""Where the partial files of a download's folder lie, and what is known of them."""

import errno
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from downloads_app.sources import RemoteFile


@dataclass(frozen=True, slots=True)
class SideFile:
    """What is known of a partial file: for which content it is, and which bytes of it are there."""

    validator: str
    total_bytes: int | None
    ranges: list[tuple[int, int]]

    def is_of(self, file: RemoteFile) -> bool:
        """Whether the bytes are of the content that is wanted, as far as can be told before the server is asked."""
        if file.size_bytes not in (None, self.total_bytes):
            return False
        if file.vouching_sum:
            return self.validator == file.vouching_sum
        return self.validator.startswith(("etag:", "modified:"))

    @property
    def kept_bytes(self) -> int:
        return sum(end - start for start, end in self.ranges)


def find_partials(folder: Path) -> Path:
    """Return the folder of partial files. It is beside the download's folder, so no listed path can reach it."""
    return folder.with_name(f".{folder.name}.partial")


def find_side_files(partials: Path) -> set[str]:
    """Return the keys of the partial files that something is known of."""
    return {entry.stem for entry in partials.glob("*.json")}


@lru_cache(maxsize=1024)
def key_of(path: str) -> str:
    """Return the name under which the partial file of `path` lies."""
    return sha256(path.encode()).hexdigest()[:32]


def read_side_file(partials: Path, path: str) -> SideFile | None:
    """Return what is known of a partial file; None where nothing usable is."""
    try:
        fields = json.loads((partials / f"{key_of(path)}.json").read_bytes())
        data = (partials / f"{key_of(path)}.data").stat()
        present = data.st_size if data.st_nlink == 1 else 0  # with a second link it is not ours to write to
        ranges = [(int(start), int(end)) for start, end in fields["ranges"]]
        if any(not 0 <= start < end <= present for start, end in ranges):
            return None
        return SideFile(str(fields["validator"]), fields["total_bytes"], ranges)
    except OSError as exc:
        if exc.errno in (errno.EMFILE, errno.ENFILE):
            raise  # what is here must not be forgotten for that
        return None
    except (ValueError, KeyError, TypeError):
        return None


def find_kept(folder: Path, files: Iterable[RemoteFile]) -> dict[str, int]:
    """Return how many bytes of each of `files`, by its path, an unfinished run has left, which the next one keeps."""
    partials = find_partials(folder)
    keys = find_side_files(partials)
    known = [(file, read_side_file(partials, file.path)) for file in files if key_of(file.path) in keys]
    kept = {file.path: side_file.kept_bytes for file, side_file in known if side_file and side_file.is_of(file)}
    return {path: count for path, count in kept.items() if count}
