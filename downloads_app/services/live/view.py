"""What one viewer is shown, or all admins: encoded downloads in their order."""

from itertools import count
from typing import Any, Protocol


class Feed(Protocol):
    """Something that was made of `View.frame`, and has to be made again with it."""

    def outdate(self) -> None:
        """Note that the view has changed."""
        ...


class View:
    """What one viewer is shown: encoded active downloads in order."""

    __slots__ = ("_rows", "_serial", "_sorted", "_version", "feeds", "frame", "is_loaded")
    _serials = count()

    def __init__(self) -> None:
        self._serial = next(self._serials)
        self._rows: dict[str, tuple[Any, bytes]] = {}
        self._sorted = True
        self.is_loaded = False
        self._version = 0
        self.frame: bytes | None = None
        """The cached event bytes, put here by who encodes them; None when outdated."""
        self.feeds: list[Feed] = []
        """Told when `frame` is outdated."""

    def put(self, download_id: str, created_at: str, encoded: bytes) -> None:
        """Show a download, or its new content; the same content changes nothing."""
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
        """Show a download no more."""
        if self._rows.pop(download_id, None) is not None:
            self._changed()

    def clear(self) -> None:
        """Show nothing, and know nothing."""
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
        """Name what is shown now: two different states of a process's views never share a name."""
        return f"{self._serial:x}-{self._version:x}"

    def encoded(self) -> list[bytes]:
        """Return the downloads by `created_at`, then id."""
        if not self._sorted:
            self._rows = dict(sorted(self._rows.items(), key=lambda item: item[1][0]))
            self._sorted = True
        return [encoded for _key, encoded in self._rows.values()]
