"""One file in progress: which bytes are here, which are being fetched, and to which content they belong."""

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
"""A damaged file is fetched once more; the second time it fails."""


@dataclass(slots=True, eq=False)
class Fetch:
    """The bytes that one connection must bring: from `at` to `end`. `shorten` may lower `end` meanwhile."""

    file: "PartialFile"
    at: int
    end: int
    generation: int
    is_whole: bool = False
    """Whether the request has no range. When the server accepts it, the bytes already here are dropped."""
    is_part: bool = False
    """Whether the answer ends (or is cut) at `end`, and the file does not."""
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
        """Leave the bytes after `end` to other connections. This one is cut there."""
        self.end = end
        self.is_part = True


@dataclass(eq=False)
class PartialFile:
    """The state of one file. The transfer's thread uses it, and one finishing thread while that has the file."""

    remote: RemoteFile
    storage: Storage
    total_bytes: int | None = None
    seen: Validator = NO_VALIDATOR
    """The validator that the answers so far gave."""
    offered: dict[str, str] = field(default_factory=dict)
    """Sums of the whole file from the answers; see offered_sums.py."""
    linked: dict[str, str] = field(default_factory=dict)
    """The sum that a hub told as it redirected to the file."""
    descriptor: int = -1
    """The data file's descriptor. It is opened when the first bytes are written; -1 before."""
    content: list[bytes] | None = None
    """The whole content of a small file, in memory. It is written only after the check."""
    kept: RangeSet = field(default_factory=RangeSet)
    digest: PrefixDigest = field(default_factory=PrefixDigest)
    fetches: list[Fetch] = field(default_factory=list)
    generation: int = 0
    beginnings: int = 1
    was_in_place: bool = False
    """Whether the wanted file already had its final name, so that no byte of it was fetched."""
    has_changed: bool = False
    """Whether the content at the server has once changed since the file was begun."""
    is_probed: bool = False
    """Whether an answer of this run has shown what the server holds."""
    accepts_ranges: bool | None = None
    """Whether the server accepts ranges. None until an answer of this or an earlier run has shown it."""
    oddity: str = ""
    """The server's useless answer to a range, for messages."""
    doubted_end: int = -1
    """The end of an answer that may have been cut. We then ask for the bytes behind it."""
    unpacks: bool = False
    """Whether the server packs its bytes, so they must be unpacked."""
    resolved_url: str | None = field(default=None, repr=False)
    """The address after redirects. It is often signed and short-lived."""
    failures: int = 0
    awaited: SourceError | None = None
    """What the server says while it prepares the file; None: the file may be requested."""
    not_before: float = 0.0
    saved_bytes: int = 0
    _has_been_open: bool = False
    _is_retired: bool = False
    side_lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def load(self) -> None:
        """Find the bytes of an earlier run, and keep them if they belong to the wanted content."""
        self.total_bytes = self.remote.size_bytes
        known = self.storage.find_begun(self.remote)
        if known is None:
            return
        self.open(keep=True)
        self.total_bytes = known.total_bytes
        self.seen = NO_VALIDATOR if self.remote.vouching_sum else Validator.parse(known.validator)
        self.kept = RangeSet(known.ranges)
        self.saved_bytes = self.kept.total()

    def open(self, *, keep: bool = False) -> int:
        """Return the data file's descriptor. The file is emptied unless `keep`."""
        if self.descriptor < 0:
            self.descriptor = self.storage.open_partial(self.remote.path, keep=keep or self._has_been_open)
            self._has_been_open = True
        return self.descriptor

    @property
    def validator(self) -> str:
        """The content's name in the side-file: the expected sum, else the validator of the answers."""
        return self.remote.vouching_sum or self.seen.describe(self.total_bytes)

    @property
    def stored_bytes(self) -> int:
        """The number of bytes on the disk."""
        return self.kept.total() if self.content is None else 0

    @property
    def missing_bytes(self) -> int:
        """The number of bytes that are not on the disk, as far as the size is known."""
        total = self.total_bytes if self.total_bytes is not None else self.remote.about_bytes
        return max(0, (total or 0) - self.stored_bytes)

    @property
    def is_complete(self) -> bool:
        """Whether all bytes are here. Only the server can say that a file is empty."""
        return self.kept.prefix_end() == self.total_bytes and (self.is_probed or self.total_bytes > 0)

    def learn(self, validator: Validator, total_bytes: int | None, accepts_ranges: bool | None) -> None:
        """Store what an accepted answer says. None means that it does not say it."""
        self.is_probed = True
        self.seen = self.seen.join(validator)
        if total_bytes is not None:
            self.total_bytes = total_bytes
        if accepts_ranges is False or self.accepts_ranges is None:
            self.accepts_ranges = accepts_ranges

    def lease(self, piece_bytes: int) -> Fetch | None:
        """Reserve the first bytes that no connection fetches, at most `piece_bytes`, or return None."""
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
            return None if self.fetches else (0, end)  # only a request for the whole file works
        taken = RangeSet(self.kept) if self.fetches else self.kept
        for fetch in self.fetches:
            taken.add(fetch.at, fetch.end)
        return next(taken.gaps(end), None)

    def release(self, fetch: Fetch) -> None:
        """Give back the bytes that a connection did not bring."""
        if fetch in self.fetches:
            self.fetches.remove(fetch)

    def forget(self) -> None:
        """Drop all bytes: they do not belong to the wanted content."""
        self.fetches.clear()
        self.kept = RangeSet()
        self.digest = PrefixDigest()
        self.seen = NO_VALIDATOR
        self.offered.clear()
        self.linked.clear()
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
        """Drop all bytes. `fetch` brings the whole file; all other fetches become stale."""
        if self.kept.total() or self.content is not None:
            address, linked = self.resolved_url, dict(self.linked)
            self.forget()
            self.resolved_url, self.linked = address, linked
            fetch.generation, self.fetches = self.generation, [fetch]
        self.total_bytes, self.seen = self.remote.size_bytes, NO_VALIDATOR
        self.offered.clear()

    @property
    def is_unsure(self) -> bool:
        """Whether nothing shows that the next bytes belong to the same content as those here."""
        return self.total_bytes is None and not self.validator

    def begin_again(self, reason: str) -> None:
        """Fetch the whole file once more, in another way than the failed one. The second time is a permanent error."""
        if self.beginnings >= MAX_BEGINNINGS:
            raise SourceError(f"{self.remote.path}: {reason}", permanent=True)
        self.beginnings += 1
        self.accepts_ranges = False
        self.forget()

    def describe(self) -> SideFile | None:
        """Return which bytes are on the disk, if that has changed and another run could rely on it."""
        if self._is_retired or self.content is not None or self.kept.total() == self.saved_bytes:
            return None
        if not self.validator:
            return None
        return SideFile(self.validator, self.total_bytes, list(self.kept))

    def write_down(self, known: SideFile, generation: int, may_write: Callable[[], bool]) -> None:
        """Write the side-file, unless the file has been restarted since. Any thread may do this.

        If no sum can check the content, the data is synced first: after a power cut the side-file must not name bytes
        that are not on the disk.
        """
        if not self.remote.vouching_sum:
            with explain_disk(self.remote.path):
                sync(self.open())
        with self.side_lock:
            if generation == self.generation and may_write():
                self.storage.write_side_file(self.remote.path, known)
                self.saved_bytes = sum(end - start for start, end in known.ranges)

    def retire(self) -> None:
        """Close the file for good. Bytes that a connection still brings are ignored."""
        self.generation += 1
        self._is_retired = True
        self.close()

    def close(self) -> None:
        """Close the data file."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
