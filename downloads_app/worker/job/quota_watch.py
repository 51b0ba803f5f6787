"""Checks whether a running download, with all others of its user, is about to exceed the user's quota."""

from downloads_app.services.downloads import quota


class QuotaWatch:
    """Gets each progress, and reads that of the user's other downloads. Without a quota it never says stop."""

    def __init__(self, download_id: str, growth_bytes: int | None = None, here_bytes: int = 0) -> None:
        """`growth_bytes`: how many bytes all the user's downloads together may still add on the disk.

        `here_bytes`: how many bytes of this download are already on the disk.
        """
        self._download_id, self._growth_bytes, self._here_bytes = download_id, growth_bytes, here_bytes
        self._others_start: dict[str, int] = {}
        self._others_bytes = 0
        self.is_passed = False

    def observe(self, current_bytes: int) -> None:
        """Store how many bytes are here now. Does not block."""
        if self._growth_bytes is None:
            return
        if current_bytes - self._here_bytes + self._others_bytes > self._growth_bytes:
            self.is_passed = True

    def look_around(self) -> None:
        """Read the progress of the user's other downloads from the database."""
        if self._growth_bytes is None:
            return
        now = quota.running_bytes(self._download_id, set(self._others_start))
        for other, count in now.items():
            self._others_start.setdefault(other, count)
        self._others_bytes = sum(max(0, count - self._others_start[other]) for other, count in now.items())

    @property
    def reason(self) -> str:
        """The reason why the download waits, as its owner reads it."""
        return "The quota is used up: it waits for files to be removed"
