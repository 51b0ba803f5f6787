"""Files that the server still prepares (202). They wait aside, so that the other files go on."""

import time
from collections.abc import Iterator
from heapq import heappop, heappush

from downloads_app.errors import SourceError
from downloads_app.worker.files.partial_file import PartialFile

MAX_WAIT_SECONDS = 120
"""If only awaited files are left, and the first needs longer than this, the transfer ends and its caller waits."""
MAX_TRIES = 6
"""It also ends after so many answers in a row that the first file is not ready yet."""


class AwaitedFiles:
    """The files put aside, by the time of their next request."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, PartialFile]] = []

    def __len__(self) -> int:
        return len(self._heap)

    def __iter__(self) -> Iterator[PartialFile]:
        return (file for _, _, file in self._heap)

    def put(self, file: PartialFile) -> None:
        """Put a file aside until its `not_before`. It is closed, and opened again when needed."""
        file.close()
        heappush(self._heap, (file.not_before, id(file), file))

    def take_due(self, now: float) -> PartialFile | None:
        """Return a file whose next request is due, or None."""
        if not self._heap or self._heap[0][0] > now:
            return None
        file = heappop(self._heap)[2]
        file.awaited = None
        return file

    def refuse_long_wait(self) -> None:
        """Raise what the server said of the first file, if that takes long; call it if no other file is left."""
        for _, _, file in self._heap[:1]:
            seconds = file.not_before - time.monotonic()
            if file.awaited is not None and (seconds > MAX_WAIT_SECONDS or file.failures >= MAX_TRIES):
                raise SourceError(
                    file.awaited.message,
                    permanent=False,
                    retry_after_seconds=max(0.0, seconds),
                    is_on_its_way=True,
                    cause=file.awaited.cause,
                )
