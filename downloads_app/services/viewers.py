"""What is known of those who watch, and what each of them is shown. Plain state; `snapshot.py` keeps it true."""

from itertools import count
from typing import Any

from downloads_app.services.tokens import Claims


class View:
    """What one viewer is shown: encoded active downloads in order. `wire` is the readers' to keep a frame in."""

    __slots__ = ("_rows", "_serial", "_sorted", "_version", "is_loaded", "wire")
    _serials = count()

    def __init__(self) -> None:
        self._serial = next(self._serials)
        self._rows: dict[str, tuple[Any, bytes]] = {}
        self._sorted = True
        self.is_loaded = False
        self._version = 0
        self.wire: Any = None

    def put(self, download_id: str, created_at: str, encoded: bytes) -> None:
        """Show a download; nothing happens where it looks as before."""
        old = self._rows.get(download_id)
        if old is not None and old[1] == encoded:
            return
        key = (created_at, download_id)
        if self._sorted and self._rows:
            last = next(reversed(self._rows.values()))[0]
            self._sorted = old[0] == key if old is not None else last <= key
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
        self.wire = None

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


class Account:
    """A user whom somebody here watches as, as far as a stream must know."""

    __slots__ = ("is_loaded", "revoked", "state", "user_id", "valid_from", "view", "watches")

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.is_loaded = False
        self.view = View()
        self.watches: set[Watch] = set()
        self.forget()

    def forget(self) -> None:
        """Know nothing, as before the first read."""
        self.is_loaded = False
        self.state: str | None = None  # None: there is no such user
        self.valid_from: Any = None
        self.revoked: set[str] = set()
        self.view.clear()


class Watch:
    """One stream's hold on the snapshot. `view` and `verdict` change under it, as its user's rights do."""

    __slots__ = ("account", "claims", "verdict", "view")

    def __init__(self, account: Account, claims: Claims) -> None:
        self.account = account
        self.claims = claims
        self.view = account.view
        self.verdict: str | None = None
        """Why the token is good no more; None while it is."""
