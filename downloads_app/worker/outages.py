"""What the worker does while the database or the disk is away: it says so in a line, waits, and tries again."""

import logging
import os
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from downloads_app import modes
from downloads_app.config import Settings
from downloads_app.errors import Conflict
from downloads_app.folder_checks import UnfitFolder, refuse_unfit_downloads

log = logging.getLogger(__name__)

MAX_REST_SECONDS = 5.0

AWAY = (SQLAlchemyError, OSError)
"""The errors of a database or a disk that is away. Nothing else in the loop raises an OSError."""
UNFIT = (UnfitFolder, Conflict, OSError)
"""The errors of a folder that cannot be made fit for downloads."""


class Outages:
    """How long to rest after each failure in a row: one second more each time."""

    def __init__(self) -> None:
        self._rest_seconds = 0.0

    def note(self, error: BaseException) -> float:
        """Log a failure in one line; return the seconds to rest."""
        self._rest_seconds = min(MAX_REST_SECONDS, self._rest_seconds + 1)
        log.warning("%s; trying again", _explain(error))
        return self._rest_seconds

    def end(self) -> None:
        """Begin anew: a turn of the loop went well."""
        self._rest_seconds = 0.0


class Disk:
    """The disk of DOWNLOADS_DIR: whether downloads can begin there now. Logs when that changes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._is_away = False

    def is_away(self) -> bool:
        """Return whether nothing can be written there: unmounted, read-only, or a network disk without its server.

        A download that began now would fail, and so would all others in the queue, one after the other.
        """
        was_away = self._is_away
        try:
            if not os.access(self._settings.downloads_dir, os.W_OK | os.X_OK):
                refuse_unfit_downloads(self._settings)  # which lets pass what is only to be made
        except UnfitFolder as exc:
            self._is_away = True
            if not was_away:
                log.warning("%s; no download begins until it can", _explain(exc))
        else:
            self._is_away = False
            if was_away:
                log.info("DOWNLOADS_DIR can be written to again")
        return self._is_away

    def make_anew(self) -> None:
        """Make a folder that somebody removed as at the start. What fails, the download that begins reports."""
        with suppress(*UNFIT):
            if not self._settings.downloads_dir.exists():
                modes.prepare_downloads(self._settings)


def _explain(error: BaseException) -> str:
    if isinstance(error, SQLAlchemyError):
        return f"the database failed ({type(error).__name__})"
    if isinstance(error, OSError):
        return f"the disk failed ({error.filename}: {error.strerror})"
    return str(error).removeprefix("error: ")
