"""Follows downloads to their end: live bars in a terminal, else a plain line for each change."""

import time
from collections.abc import Callable, Sequence

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text
from sqlalchemy.exc import SQLAlchemyError

from downloads_app.cli.bars import draw, fits, format_speed
from downloads_app.cli.beat import INTERRUPTED, Beat
from downloads_app.cli.file_rows import FileRows
from downloads_app.cli.groups import explain_database
from downloads_app.cli.printing import can_redraw, clean, format_bytes, format_share, plain
from downloads_app.cli.standstill import Look, look_around
from downloads_app.models import ACTIVE, Download, Status
from downloads_app.services.database.session import give_connection_back
from downloads_app.services.downloads import history
from downloads_app.services.pages import Wanted
from downloads_app.services.references import SHORT_ID_LENGTH

LINE_SECONDS = 10.0
"""Without a change of state, a download gets at most one plain line in this time."""
MAX_ROWS = 500


def follow(ids: Sequence[str], console: Console, *, follow_all: bool = False, files: FileRows | None = None) -> None:
    """Show the progress of downloads until none is active. Exits with 1 if one failed, with 130 at Ctrl-C.

    With `files`, that of their files too.

    Returns if none failed. They need not be complete: somebody may have paused or cancelled them.
    """
    shown = list(ids)
    if not _read(shown, follow_all):
        click.echo("Nothing is active")
        return
    with Beat() as beat:
        try:
            if can_redraw(console):
                with Live(Text(), console=console, auto_refresh=False) as live:
                    _repeat(shown, follow_all, lambda news: live.update(draw(news, console, files), refresh=True), beat)
            else:
                _repeat(shown, follow_all, _Lines(console, files), beat)
        except KeyboardInterrupt:
            raise SystemExit(INTERRUPTED) from None
    rows = _read(shown, follow_all=False)
    failed = [download for download in rows if download.status == Status.FAILED]
    if can_redraw(console) and not fits(rows, console, files):  # else the last frame, or a line, has told it
        for download in failed:
            console.print(plain(f"{download.id}: {download.error_message}", "red"))
    if failed:
        raise SystemExit(1)


News = Sequence[Download] | str
"""The current downloads, or the reason why they cannot be read."""


def _repeat(shown: list[str], follow_all: bool, show: Callable[[News], None], beat: Beat) -> None:
    """Read and show until nothing is active. Downloads that become active are added to `shown`."""
    while True:
        try:
            rows = _read(shown, follow_all)
            shown[:] = [row.id for row in rows]
            show(rows)
            if not any(row.status in ACTIVE for row in rows):
                return
        except SQLAlchemyError as exc:
            show(f"{explain_database(exc)}; still trying")
        finally:
            give_connection_back()
        beat.pause()


def _read(shown: Sequence[str], follow_all: bool) -> Sequence[Download]:
    """Return the downloads shown before, also those that ended; with `follow_all`, also all active ones."""
    found = {download.id: download for download in history.find_all(shown)}
    if follow_all:
        active = history.list_downloads(statuses=ACTIVE, wanted=Wanted(history.NEWEST_FIRST, page_size=MAX_ROWS)).rows
        found |= {download.id: download for download in active}
    return sorted(found.values(), key=lambda download: (download.created_at, download.id))


class _Lines:
    """Prints a line for each change of state, and one every LINE_SECONDS for mere progress."""

    def __init__(self, console: Console, files: FileRows | None) -> None:
        self._console, self._files = console, files
        self._said: dict[str, tuple[str, str, float]] = {}

    def __call__(self, news: News) -> None:
        if isinstance(news, str):
            self._print(news)
            return
        look = look_around(news)
        for download in news:
            for line in self._files.tell(download) if self._files else ():
                self._print(f"{download.id[:SHORT_ID_LENGTH]} {download.repository.name} {line}")
            self._tell(download, look)

    def _tell(self, download: Download, look: Look) -> None:
        now = time.monotonic()
        state = f"{download.status} {look.explain(download)}"
        line = _describe_in_a_line(download, look)
        said_state, said_line, said_at = self._said.get(download.id, ("", "", 0.0))
        if state != said_state or (line != said_line and now - said_at >= LINE_SECONDS):
            self._print(line)
            self._said[download.id] = (state, line, now)

    def _print(self, line: str) -> None:
        click.echo(clean(line), file=self._console.file)


def _describe_in_a_line(download: Download, look: Look) -> str:
    size = f"{format_bytes(download.current_bytes)}/{format_bytes(download.total_bytes)}"
    parts = [download.id[:SHORT_ID_LENGTH], download.repository.name, format_share(download), size, download.status]
    if download.status == Status.DOWNLOADING and not look.is_lost(download):
        parts.append(format_speed(download))
    reason = look.explain(download)
    return " ".join(parts) + (f": {reason}" if reason else "")
