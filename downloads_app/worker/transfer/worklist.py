"""What to fetch: the files that are finished, in progress and waiting, and which bytes are next."""

import time
from collections.abc import Sequence
from operator import itemgetter

from downloads_app.sources import RemoteFile
from downloads_app.worker.files.finishing import Finisher
from downloads_app.worker.files.partial_file import Fetch, PartialFile
from downloads_app.worker.files.storage import FileResult, Storage, is_wanted
from downloads_app.worker.transfer.awaited import AwaitedFiles
from downloads_app.worker.transfer.bandwidth import Limits
from downloads_app.worker.transfer.channel_pool import ChannelPool
from downloads_app.worker.transfer.waiting import WaitingFiles

FIRST_PIECE_BYTES = 8 << 20
MIN_PIECE_BYTES = 1 << 20
MIN_PIECE_SECONDS = 0.1
MAX_PIECE_BYTES, MAX_LONE_PIECE_BYTES = 64 << 20, 128 << 20
PIECE_SECONDS = 0.25
"""A piece has the bytes of so many seconds. With short pieces the sum can follow; many servers slow long answers."""
PIECE_ROUND_TRIPS = 40
"""A piece takes at least so many round trips, because each piece costs one round trip of silence."""
LONE_PIECE_SECONDS = 8.0
"""The length of a piece with a single connection: each piece costs a round trip without bytes."""
MIN_SPLIT_BYTES = 2 << 20
MIN_SPLIT_SECONDS = 1.0
MAX_OPEN_FILES = 64
"""The limit of open files, if the system allows the process so many."""
SMALL_BYTES = 1 << 20
MANY_FILES = 32
FEW_CONNECTIONS = 8
"""The number that the hub's own client uses."""


class Worklist:
    """The files of one transfer, fetched in their order and each from its front."""

    def __init__(self, files: Sequence[RemoteFile], storage: Storage, finisher: Finisher, limits: Limits) -> None:
        self._files, self._storage, self._finisher, self._limits = files, storage, finisher, limits
        self._waiting = WaitingFiles()
        self._knows_waiting = False
        self.open: list[PartialFile] = []
        self._awaited = AwaitedFiles()
        self._most_open = MAX_OPEN_FILES
        self._needy: list[PartialFile] = []
        """The files of `open` that may lack bytes which no connection fetches."""
        self.done_files = 0
        self.done_bytes = 0

    def take_stock(self) -> list[tuple[RemoteFile, FileResult]]:
        """Find the files that earlier runs have finished or begun. Return the finished ones."""
        placed = self._storage.read_done()
        finished = []
        for file in self._files:
            result = placed.get(file.path)
            if result is not None and is_wanted(result, file):
                self._count(result)
                finished.append((file, result))
                continue
            self._waiting.put(file, self._storage.find_begun(file))
        self._knows_waiting = True
        return finished

    def first_count(self) -> int:
        """The number of connections to begin with. Many small files need a few: each file costs a round trip."""
        small = self._waiting.count_smaller(SMALL_BYTES, unknown_bytes=FIRST_PIECE_BYTES)
        return FEW_CONNECTIONS if small >= MANY_FILES else 1

    @property
    def is_done(self) -> bool:
        return not self._waiting and not self.open and not self._awaited

    @property
    def current_file(self) -> str | None:
        return self.open[0].remote.path if self.open else None

    def width(self, ceiling: int) -> int:
        """The number of connections, at most `ceiling`, that have work now."""
        if self._waiting:
            return ceiling
        return max(1, min(ceiling, sum(map(self._width_of, self.open))))

    def _width_of(self, file: PartialFile) -> int:
        is_open_to_others = file.is_probed and file.accepts_ranges is True and file.total_bytes is not None
        return max(1, self._limits.connections_per_file) if is_open_to_others else 1

    def kept_bytes(self) -> int:
        """The number of bytes on the disk, of all files."""
        begun = sum(file.stored_bytes for file in self.begun_files())
        return self.done_bytes + begun + self._waiting.kept_bytes

    def begun_files(self) -> list[PartialFile]:
        """Return all files in progress."""
        return [*self.open, *self._awaited]

    def missing_bytes(self) -> int:
        """The number of bytes still missing, as far as sizes are known; rounded sizes count too."""
        return self._waiting.missing_bytes + sum(file.missing_bytes for file in self.begun_files())

    def total_bytes(self) -> int | None:
        """The size of all files together; None while neither the listing nor the server has told that of each."""
        if not self._knows_waiting:
            return None
        sizes = [self.done_bytes, self._waiting.total_bytes, *(file.total_bytes for file in self.begun_files())]
        return None if None in sizes else sum(size or 0 for size in sizes)

    def finish(self, file: PartialFile, result: FileResult) -> None:
        """Note that a file has its final name."""
        self.open.remove(file)
        if file in self._needy:
            self._needy.remove(file)
        file.retire()
        self._count(result)

    def revive(self, file: PartialFile, reason: str) -> None:
        """Fetch a damaged file once more. The second time raises a permanent error with `reason`."""
        file.begin_again(reason)
        self.want(file)

    def take_back(self, fetch: Fetch) -> None:
        """Note that a fetch has ended. Other fetches bring the bytes that it did not."""
        fetch.file.release(fetch)
        if not fetch.file.is_complete:
            self.want(fetch.file)
        elif fetch.file in self._needy:
            self._needy.remove(fetch.file)

    def want(self, file: PartialFile) -> None:
        """Check a file again when a connection is free: it may lack bytes that no connection fetches.

        A file that the server still prepares is put aside, and holds no place of an open file.
        """
        if file.awaited is not None and file not in self.open:
            return  # it is put aside already
        if file.awaited is not None and not file.fetches and not self._finisher.is_busy_with(file):
            self.open.remove(file)
            if file in self._needy:
                self._needy.remove(file)
            self._awaited.put(file)
        elif file not in self._needy and not file.is_complete:
            self._needy.insert(0, file)

    def refuse_long_wait(self) -> None:
        """Raise what the server said if only files are left that it will prepare for long."""
        if not self._waiting and not self.open:
            self._awaited.refuse_long_wait()

    def open_fewer(self) -> None:
        """Keep fewer files open at once from now on."""
        self._most_open = max(1, min(len(self.open), self._most_open) // 2)
        self._finisher.use_fewer()
        for file in self.open:
            if not file.fetches and not self._finisher.is_busy_with(file):
                file.close()  # it is opened again when needed

    def _count(self, result: FileResult) -> None:
        self.done_files += 1
        self.done_bytes += result.size_bytes

    def next_fetch(self, pool: ChannelPool, connections: int) -> Fetch | None:
        """Return the next fetch for a connection: of an open file, else a new file, else part of a slow range."""
        now = time.monotonic()
        while len(self.open) < self._most_open and (due := self._awaited.take_due(now)):
            self.open.append(due)
            self._needy.insert(0, due)
        for file in list(self._needy):
            if self._may_join(file, now):
                fetch = file.lease(self._piece_bytes(file, pool, connections))
                if fetch is not None:
                    return fetch
                self._needy.remove(file)
        if self._waiting and len(self.open) < self._most_open:
            return self._open_next(pool, connections)
        return self._share_slowest(pool, now)

    def _may_join(self, file: PartialFile, now: float) -> bool:
        if now < file.not_before or self._finisher.has(file):
            return False
        return len(file.fetches) < self._width_of(file)

    def _open_next(self, pool: ChannelPool, connections: int) -> Fetch | None:
        file = PartialFile(self._waiting.first, self._storage)
        file.load()
        self._waiting.take_first()
        self.open.append(file)
        self._needy.append(file)
        if self._finisher.adopt_existing(file) or self._finisher.offer(file):
            return None
        fetch = file.lease(self._piece_bytes(file, pool, connections))
        if fetch is not None and fetch.end == file.total_bytes:
            self._needy.pop()  # it brings all: most small files need no second look
        return fetch

    def _piece_bytes(self, file: PartialFile, pool: ChannelPool, connections: int) -> int:
        """Return the size of one fetch, in bytes. With several connections at a known speed (bytes/s) it is about

        min(missing bytes / (2 * connections), speed * max(PIECE_SECONDS, PIECE_ROUND_TRIPS * round trip)).

        So it gets smaller towards the end, and all connections end at about the same time.
        """
        if (file.total_bytes or 0) < MIN_PIECE_BYTES:
            return FIRST_PIECE_BYTES
        speed = pool.expected_speed(connections)
        if connections == 1:
            return max(FIRST_PIECE_BYTES, min(int(speed * LONE_PIECE_SECONDS), MAX_LONE_PIECE_BYTES))
        share = self.missing_bytes() // (2 * connections)
        if not speed:
            return max(MIN_PIECE_BYTES, min(share, FIRST_PIECE_BYTES))
        seconds = max(PIECE_SECONDS, PIECE_ROUND_TRIPS * pool.round_trip_seconds)
        least = max(MIN_PIECE_BYTES, int(speed * MIN_PIECE_SECONDS))
        return max(least, min(share, int(speed * seconds), MAX_PIECE_BYTES))

    def _share_slowest(self, pool: ChannelPool, now: float) -> Fetch | None:
        """Take part of the range that would end last, so nobody waits for a single slow connection."""
        shareable = [
            (channel.remaining_seconds, channel.fetch)
            for channel in pool
            if channel.answer and channel.fetch and self._may_join(channel.fetch.file, now)
        ]
        seconds, fetch = max(shareable, key=itemgetter(0), default=(0.0, None))
        if fetch is None or seconds < MIN_SPLIT_SECONDS:
            return None
        remaining = fetch.end - fetch.at
        if remaining < 2 * MIN_SPLIT_BYTES:
            return None
        fetch.shorten(fetch.at + remaining // 2)
        return fetch.file.lease(MAX_PIECE_BYTES)
