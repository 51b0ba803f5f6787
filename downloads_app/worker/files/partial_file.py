"""One file on its way: which bytes are here, which are being fetched, and what content they are of."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from downloads_app.errors import SourceError
from downloads_app.sources import RemoteFile
from downloads_app.worker.files.disk import explain_disk, sync
from downloads_app.worker.files.hashing import PrefixDigest
from downloads_app.worker.files.ranges import Range, RangeSet
from downloads_app.worker.files.storage import SideFile, Storage
from downloads_app.worker.files.validator import NO_VALIDATOR, Validator

UNKNOWN_END = 1 << 62
MAX_BEGINNINGS = 2
"""A file that proves damaged is begun once more; then it fails."""


@dataclass(slots=True, eq=False)
class Fetch:
    """What one connection is to bring: the bytes from `at` to `end`, which may be shortened meanwhile."""

    file: "PartialFile"
    at: int
    end: int
    generation: int
    is_whole: bool = False
    """Whether it is asked for without a range; what is here of the file is dropped once that has been granted."""
    is_part: bool = False
    """Whether the answer ends, or is cut, at `end` without being the whole file."""
    start: int = field(init=False)

    def __post_init__(self) -> None:
        self.start = self.at

    @property
    def gained_bytes(self) -> int:
        return self.at - self.start

    @property
    def is_complete(self) -> bool:
        return self.at >= self.end

    def shorten(self, end: int) -> None:
        """Leave what lies behind `end` to others; the connection is cut there."""
        self.end = end
        self.is_part = True


@dataclass(eq=False)
class PartialFile:
    """The state of one file; used by the transfer's own thread, and by one that finishes it while it has it."""

    remote: RemoteFile
    storage: Storage
    total_bytes: int | None = None
    seen: Validator = NO_VALIDATOR
    """What the answers so far said of the content."""
    offered: dict[str, str] = field(default_factory=dict)
    """Sums of the whole file that the answers offered."""
    descriptor: int = -1
    """The data, opened when the first bytes are written."""
    content: list[bytes] | None = None
    """All of a small file, in memory: it is written only when it has been checked."""
    kept: RangeSet = field(default_factory=RangeSet)
    digest: PrefixDigest = field(default_factory=PrefixDigest)
    fetches: list[Fetch] = field(default_factory=list)
    generation: int = 0
    beginnings: int = 1
    has_changed: bool = False
    """Whether the server has once held something else than when the file was begun."""
    is_probed: bool = False
    """Whether the server has told, in this run, what it holds."""
    accepts_ranges: bool | None = None
    """None until the server has shown it, in this or the run before."""
    oddity: str = ""
    """What the server answered to ranges, where that was of no use."""
    doubted_end: int = -1
    """Where an answer ended of which nothing proves that it is whole: it is asked what lies behind."""
    unpacks: bool = False
    """Whether its bytes come packed, and have to be unpacked."""
    resolved_url: str | None = field(default=None, repr=False)
    """Where redirects led; often signed and short-lived."""
    failures: int = 0
    not_before: float = 0.0
    saved_bytes: int = 0
    _has_been_open: bool = False
    _is_retired: bool = False
    side_lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def load(self) -> None:
        """Find what an earlier run brought, and keep it if it is of the content that is wanted."""
        self.total_bytes = self.remote.size_bytes
        known = self.storage.read_side_file(self.remote.path)
        if known is None or not known.is_of(self.remote):
            return
        self.open(keep=True)
        self.total_bytes = known.total_bytes
        self.seen = NO_VALIDATOR if self.remote.vouching_sum else Validator.parse(known.validator)
        self.kept = RangeSet(known.ranges)
        self.saved_bytes = self.kept.total()

    def open(self, *, keep: bool = False) -> int:
        """Return the descriptor of the data, which begins empty unless there is something to keep."""
        if self.descriptor < 0:
            self.descriptor = self.storage.open_partial(self.remote.path, keep=keep or self._has_been_open)
            self._has_been_open = True
        return self.descriptor

    @property
    def validator(self) -> str:
        """What keys the partial file: the expected sum, else what the server's answers said."""
        return self.remote.vouching_sum or self.seen.describe(self.total_bytes)

    @property
    def stored_bytes(self) -> int:
        """How many bytes are on the disk."""
        return self.kept.total() if self.content is None else 0

    @property
    def is_complete(self) -> bool:
        """Whether all bytes are here; that there are none at all only the server can say."""
        return self.kept.prefix_end() == self.total_bytes and (self.is_probed or self.total_bytes > 0)

    def learn(self, validator: Validator, total_bytes: int | None, accepts_ranges: bool | None) -> None:
        """Take over what an accepted answer tells; None is what it does not tell."""
        self.is_probed = True
        self.seen = self.seen.join(validator)
        if total_bytes is not None:
            self.total_bytes = total_bytes
        if accepts_ranges is False or self.accepts_ranges is None:
            self.accepts_ranges = accepts_ranges

    def lease(self, piece_bytes: int) -> Fetch | None:
        """Set aside the first bytes that nobody fetches, at most `piece_bytes` of them."""
        gap = None if self.is_complete else self._first_gap()
        if gap is None:
            return None
        is_whole = self.accepts_ranges is False or gap[1] == 0
        end = gap[1] if self.total_bytes is None or is_whole else min(gap[1], gap[0] + piece_bytes)
        fetch = Fetch(self, gap[0], end, self.generation, is_whole)
        self.fetches.append(fetch)
        return fetch

    def _first_gap(self) -> Range | None:
        end = UNKNOWN_END if self.total_bytes is None else self.total_bytes
        if self.accepts_ranges is False or end == 0:
            return None if self.fetches else (0, end)  # only a request for everything will do
        taken = RangeSet(self.kept)
        for fetch in self.fetches:
            taken.add(fetch.at, fetch.end)
        return next(taken.gaps(end), None)

    def release(self, fetch: Fetch) -> None:
        """Give back what a connection did not bring."""
        if fetch in self.fetches:
            self.fetches.remove(fetch)

    def forget(self) -> None:
        """Drop all bytes: they are not, or no longer, those of the wanted content."""
        self.fetches.clear()
        self.kept = RangeSet()
        self.digest = PrefixDigest()
        self.seen = NO_VALIDATOR
        self.offered.clear()
        self.total_bytes = self.remote.size_bytes
        self.is_probed = False
        self.resolved_url = None
        self.saved_bytes = 0
        self.content = None
        with self.side_lock:
            self.generation += 1
            self.storage.drop_side_file(self.remote.path)
        if self.descriptor >= 0:
            with explain_disk(self.remote.path):
                os.ftruncate(self.descriptor, 0)

    def begin_whole(self, fetch: Fetch) -> None:
        """Drop what is here: all of it comes anew with `fetch`, which alone is in time for it."""
        if self.kept.total() or self.content is not None:
            address = self.resolved_url
            self.forget()
            self.resolved_url, fetch.generation, self.fetches = address, self.generation, [fetch]
        self.total_bytes, self.seen = self.remote.size_bytes, NO_VALIDATOR
        self.offered.clear()

    def drop_if_unsure(self) -> None:
        """Forget bytes of which nothing says that what comes next belongs to them."""
        if self.total_bytes is None and not self.validator:
            self.forget()

    def begin_again(self, reason: str) -> None:
        """Fetch the file whole once more, not by the way that failed; the second time is a permanent error."""
        if self.beginnings >= MAX_BEGINNINGS:
            raise SourceError(f"{self.remote.path}: {reason}", permanent=True)
        self.beginnings += 1
        self.accepts_ranges = False
        self.forget()

    def describe(self) -> SideFile | None:
        """Return which bytes are on the disk, if that is news and another run could rely on it."""
        if self._is_retired or self.content is not None or self.kept.total() == self.saved_bytes:
            return None
        if not self.validator:
            return None
        return SideFile(self.validator, self.total_bytes, list(self.kept))

    def write_down(self, known: SideFile, generation: int, may_write: Callable[[], bool]) -> None:
        """Write the side-file, unless the file has been begun anew since; any thread may do this.

        Without a sum to check against, the data is flushed to the disk first: a power cut must not
        leave a side-file that speaks of bytes that never arrived there.
        """
        if not self.remote.vouching_sum:
            with explain_disk(self.remote.path):
                sync(self.open())
        with self.side_lock:
            if generation == self.generation and may_write():
                self.storage.write_side_file(self.remote.path, known)
                self.saved_bytes = sum(end - start for start, end in known.ranges)

    def retire(self) -> None:
        """Close it for good: what a connection may still bring of it is of no interest."""
        self.generation += 1
        self._is_retired = True
        self.close()

    def close(self) -> None:
        """Close the data."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
