"""The encoded downloads of one user, or of all users for the admins, in their order."""

from itertools import count
from typing import Any, Protocol


class Feed(Protocol):
    """An object made from `View.frame`; it must be made again when the frame changes."""

    def outdate(self) -> None:
        """Note that the view has changed."""
        ...


class View:
    """The encoded active downloads of one user, or of all users, in order."""

    __slots__ = ("_rows", "_serial", "_sorted", "_version", "feeds", "frame", "is_loaded")
    _serials = count()

    def __init__(self) -> None:
        self._serial = next(self._serials)
        self._rows: dict[str, tuple[Any, bytes]] = {}
        self._sorted = True
        self.is_loaded = False
        self._version = 0
        self.frame: bytes | None = None
        """The cached event bytes, set by the code that encodes them; None when outdated."""
        self.feeds: list[Feed] = []
        """Told when `frame` is outdated."""

    def put(self, download_id: str, created_at: str, encoded: bytes) -> None:
        """Add a download, or replace its content; the same content changes nothing."""
        old = self._rows.get(download_id)
        if old is not None and old[1] == encoded:
            return
        if old is not None and old[0][0] == created_at:
            key = old[0]
        else:
            key = (created_at, download_id)
            if self._sorted and self._rows:
                self._sorted = old is None and next(reversed(self._rows.values()))[0] <= key
        self._rows[download_id] = (key, encoded)
        self._changed()

    def remove(self, download_id: str) -> None:
        """Remove a download from the view."""
        if self._rows.pop(download_id, None) is not None:
            self._changed()

    def clear(self) -> None:
        """Remove everything, and count as not loaded."""
        self._rows.clear()
        self._sorted = True
        self.is_loaded = False
        self._changed()

    def _changed(self) -> None:
        self._version += 1
        if self.frame is not None:
            self.frame = None
            for feed in self.feeds:
                feed.outdate()

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def state_id(self) -> str:
        """Return a name of the present content: two different states of a process's views never have the same name."""
        return f"{self._serial:x}-{self._version:x}"

    def encoded(self) -> list[bytes]:
        """Return the downloads by `created_at`, then id."""
        if not self._sorted:
            self._rows = dict(sorted(self._rows.items(), key=lambda item: item[1][0]))
            self._sorted = True
        return [encoded for _key, encoded in self._rows.values()]
