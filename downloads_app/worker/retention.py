"""Removes the rows of downloads that finished long ago, once a day, where RETENTION_DAYS asks for it; files stay."""

import logging
from pathlib import Path

from downloads_app.services.downloads import history
from downloads_app.services.queue import daily

log = logging.getLogger(__name__)

ROWS_A_STEP = 50
"""So few that a worker's loop goes on with its other steps after a moment."""


class Retention:
    """One worker's part in it: it takes the day's task, or another worker has it."""

    def __init__(self, downloads_dir: Path, days: float | None) -> None:
        self._downloads_dir, self._days = downloads_dir, days
        self._removed: int | None = None
        """Rows removed in this day's task; None if it is not this worker's, or done."""

    def take(self) -> bool:
        """Take the day's task if nobody has; return whether there is something to do."""
        if self._days is not None and self._removed is None and daily.take("retention"):
            self._removed = 0
        return self._removed is not None

    def remove_some(self) -> bool:
        """Remove a few rows; return whether there may be more."""
        if self._days is None or self._removed is None:
            return False
        count = history.prune(self._downloads_dir, self._days, limit=ROWS_A_STEP).downloads
        self._removed += count
        if count == 0:
            log.info("retention: %d downloads that finished over %g days ago are forgotten", self._removed, self._days)
            self._removed = None
        return count > 0
