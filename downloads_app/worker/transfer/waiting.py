"""The files that the transfer has not opened yet, and what is known of them."""

from collections import deque

from downloads_app.services.files.partials import SideFile
from downloads_app.sources import RemoteFile


class WaitingFiles:
    """The files in their order, with their bytes. The first one is opened next."""

    def __init__(self) -> None:
        self._files: deque[RemoteFile] = deque()
        self._begun: dict[str, SideFile] = {}
        """What earlier runs have left, by path."""
        self._likely_bytes = self._sized_bytes = self._unsized = 0
        self.kept_bytes = 0
        """The bytes that earlier runs have left."""

    def __len__(self) -> int:
        return len(self._files)

    @property
    def first(self) -> RemoteFile:
        return self._files[0]

    @property
    def missing_bytes(self) -> int:
        """The bytes still missing, as far as sizes are known; rounded sizes count too."""
        return max(0, self._likely_bytes - self.kept_bytes)

    @property
    def total_bytes(self) -> int | None:
        """The sizes of all files; None while one of them is unknown."""
        return None if self._unsized else self._sized_bytes

    def count_smaller(self, size_bytes: int, *, unknown_bytes: int) -> int:
        """Count the files below a size. A file whose listing has no size counts as having `unknown_bytes`."""
        return sum(1 for file in self._files if (file.size_bytes or unknown_bytes) < size_bytes)

    def put(self, file: RemoteFile, begun: SideFile | None) -> None:
        """Add a file. `begun`: what an earlier run has left of it."""
        self._files.append(file)
        if begun is not None:
            self._begun[file.path] = begun
        self._count(file, begun, 1)

    def take_first(self) -> None:
        """Remove the first file."""
        file = self._files.popleft()
        self._count(file, self._begun.pop(file.path, None), -1)

    def _count(self, file: RemoteFile, begun: SideFile | None, sign: int) -> None:
        size = file.size_bytes if begun is None else begun.total_bytes
        self._unsized += sign * (size is None)
        self._sized_bytes += sign * (size or 0)
        self._likely_bytes += sign * (size or file.likely_bytes)
        self.kept_bytes += sign * (begun.kept_bytes if begun else 0)
