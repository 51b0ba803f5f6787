"""Why a download does not move, as lists say it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from downloads_app.config import current_settings
from downloads_app.models import Download, Status
from downloads_app.services.database.clock import shared_now
from downloads_app.services.downloads.stuck import LOST, NO_WORKER
from downloads_app.services.queue import workers

ITS_TURN = "waits for its turn"
"""Why a pending download waits that has no other reason; the page says the same."""
NO_TURN = f"{ITS_TURN}: {NO_WORKER}"
"""Why it waits where none has a turn."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the database says about workers at one moment."""

    turn: str
    """What is said of those that wait for their turn."""
    now: datetime | None
    """By the database's clock; None where nothing runs."""

    def is_lost(self, download: Download) -> bool:
        """Whether its worker was not heard of any more: its last speed is over."""
        ends = download.lease_expires_at
        return self.now is not None and download.status == Status.DOWNLOADING and ends is not None and ends < self.now

    def speed(self, download: Download) -> int:
        """Return how fast it goes, in bytes a second."""
        return 0 if self.is_lost(download) else download.download_speed

    def explain(self, download: Download) -> str:
        """Return why a download has failed or stands still; empty where there is nothing to explain."""
        if download.status == Status.FAILED:
            return download.error_message or ""
        if self.is_lost(download):
            return LOST
        return download.waits_for or (self.turn if download.status == Status.PENDING else "")


def look_around(downloads: Sequence[Download]) -> Look:
    """Ask the database about workers: once for all downloads, and only what matters to them."""
    return Look(_name_turn(downloads), shared_now() if _has(downloads, Status.DOWNLOADING) else None)


def _name_turn(downloads: Sequence[Download]) -> str:
    is_asking = _has((download for download in downloads if not download.waits_for), Status.PENDING)
    return ITS_TURN if not is_asking or workers.is_any_alive(current_settings().lease_seconds) else NO_TURN


def _has(downloads: Iterable[Download], status: Status) -> bool:
    return any(download.status == status for download in downloads)
