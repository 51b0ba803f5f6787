"""Checks whether a running download, with all others of its user, is about to exceed the user's quota."""

from dataclasses import replace

from downloads_app.config import current_settings
from downloads_app.services.downloads import quota
from downloads_app.services.downloads.quota import Measured
from downloads_app.worker.transfer.notices import Progress


class QuotaWatch:
    """Gets each progress, and reads the quota and the user's other downloads. Without a quota it never says stop."""

    def __init__(self, download_id: str, measured: Measured | None = None, here_bytes: int = 0) -> None:
        """`measured`: the quota and what was used of it when `here_bytes` of this download were on the disk."""
        self._download_id = download_id
        self._begun_with = (measured, here_bytes)
        """What growth is counted from; in one piece, since one thread replaces it while another one observes."""
        self._here_bytes = self._seen_bytes = here_bytes
        self._others_start: dict[str, int] = {}
        self._others_bytes = 0
        self.is_passed = False

    def observe(self, progress: Progress) -> None:
        """Store how many bytes are here now. Does not block.

        Only new bytes pass a quota: who needs no more may end, also where the quota has become smaller than the files.
        """
        has_grown = progress.current_bytes > self._seen_bytes
        self._seen_bytes = progress.current_bytes
        measured, here_bytes = self._begun_with
        if measured is None or not has_grown or progress.current_bytes == progress.total_bytes:
            return
        growth_bytes = max(0, measured.quota_bytes - measured.used_bytes)
        if progress.current_bytes - here_bytes + self._others_bytes > growth_bytes:
            self.is_passed = True

    def look_around(self) -> None:
        """Read the quota, and with one the progress of the user's other downloads, from the database.

        Where a quota is new, the user's folder is measured once.
        """
        self._read_quota()
        if self._begun_with[0] is None:
            return
        now = quota.running_bytes(self._download_id, set(self._others_start))
        for other, count in now.items():
            self._others_start.setdefault(other, count)
        self._others_bytes = sum(max(0, count - self._others_start[other]) for other, count in now.items())

    @property
    def reason(self) -> str:
        """The reason why the download waits, as its owner reads it."""
        return "The quota is used up: it waits for files to be removed"

    def _read_quota(self) -> None:
        measured, here_bytes = self._begun_with
        quota_bytes = quota.quota_now(current_settings(), self._download_id)
        if quota_bytes is None:
            self._begun_with = (None, here_bytes)
        elif measured is not None:
            self._begun_with = (replace(measured, quota_bytes=quota_bytes), here_bytes)
        else:
            # What comes while the folder is measured may count twice: then it waits, and the next start counts anew.
            here_bytes = max(self._here_bytes, self._seen_bytes)
            self._others_start, self._others_bytes = {}, 0
            self._begun_with = (quota.measure(current_settings(), self._download_id), here_bytes)
