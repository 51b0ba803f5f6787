"""Follows downloads to their end: live bars in a terminal, else a plain line for each change."""

import time
from collections.abc import Callable, Sequence

import click
from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text
from sqlalchemy.exc import SQLAlchemyError

from downloads_app.cli.download_views import SHORT_ID_LENGTH
from downloads_app.cli.file_rows import FileRows
from downloads_app.cli.groups import explain_database
from downloads_app.cli.printing import clean, format_bytes, format_seconds, format_share, plain, style_status
from downloads_app.models import ACTIVE, Download, Status
from downloads_app.services.database.session import give_connection_back
from downloads_app.services.downloads import history
from downloads_app.services.pages import Wanted

INTERVAL_SECONDS = 1.0
LINE_SECONDS = 10.0
"""Without a change of state, a download gets at most one plain line in this time."""
INTERRUPTED = 130
"""The exit code of a command that Ctrl-C has ended: 128 plus the signal's number."""
MAX_ROWS = 500
ECHO_COLUMNS = 3
"""Columns left free for the terminal's `^C` after the last row. On its own line it would move the rows."""


def follow(ids: Sequence[str], console: Console, *, follow_all: bool = False, files: FileRows | None = None) -> None:
    """Show the progress of downloads until none is active. Exits with 1 if one failed, with 130 at Ctrl-C.

    With `files`, that of their files too.

    Returns if none failed. They need not be complete: somebody may have paused or cancelled them.
    """
    shown = list(ids)
    if not _read(shown, follow_all):
        click.echo("Nothing is active")
        return
    try:
        if console.is_terminal:
            with Live(Text(), console=console, auto_refresh=False) as live:
                _repeat(shown, follow_all, lambda news: live.update(_draw_news(news, console, files), refresh=True))
        else:
            _repeat(shown, follow_all, _Lines(console, files))
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    failed = [download for download in _read(shown, follow_all=False) if download.status == Status.FAILED]
    if console.is_terminal:
        for download in failed:
            console.print(plain(f"{download.id}: {download.error_message}", "red"))
    if failed:
        raise SystemExit(1)


News = Sequence[Download] | str
"""The current downloads, or the reason why they cannot be read."""


def _repeat(shown: list[str], follow_all: bool, show: Callable[[News], None]) -> None:
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
        time.sleep(INTERVAL_SECONDS)


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
        for download in news:
            for line in self._files.tell(download) if self._files else ():
                self._print(f"{download.id[:SHORT_ID_LENGTH]} {download.repository.name} {line}")
            self._tell(download)

    def _tell(self, download: Download) -> None:
        now = time.monotonic()
        state = f"{download.status} {download.waits_for or ''}"
        line = _describe_in_a_line(download)
        said_state, said_line, said_at = self._said.get(download.id, ("", "", 0.0))
        if state != said_state or (line != said_line and now - said_at >= LINE_SECONDS):
            self._print(line)
            self._said[download.id] = (state, line, now)

    def _print(self, line: str) -> None:
        click.echo(clean(line), file=self._console.file)


def _describe_in_a_line(download: Download) -> str:
    size = f"{format_bytes(download.current_bytes)}/{format_bytes(download.total_bytes)}"
    parts = [download.id[:SHORT_ID_LENGTH], download.repository.name, format_share(download), size, download.status]
    if download.status == Status.DOWNLOADING:
        parts.append(_describe_state(download).plain)
    reason = download.error_message if download.status == Status.FAILED else download.waits_for
    return " ".join(parts) + (f": {reason}" if reason else "")


def _draw_news(news: News, console: Console, files: FileRows | None) -> Table | Text:
    return Text(news, style="red") if isinstance(news, str) else _draw(news, console, files)


def _draw(downloads: Sequence[Download], console: Console, files: FileRows | None) -> Table:
    """Draw one row for each download, active ones first. The last row counts those that do not fit on the screen."""
    room = max(1, console.size.height - 3)
    ordered = sorted(downloads, key=lambda download: download.status not in ACTIVE)
    table = Table.grid(padding=(0, 1), expand=True)
    table.width = max(1, console.width - ECHO_COLUMNS)
    table.add_column(no_wrap=True, width=SHORT_ID_LENGTH)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=3, min_width=10)
    table.add_column(no_wrap=True, ratio=2, min_width=6)
    table.add_column(no_wrap=True, justify="right", width=4)
    table.add_column(no_wrap=True, justify="right", width=19)
    table.add_column(overflow="fold", justify="right", ratio=3, min_width=18)  # a reason takes the lines it needs
    shown = 0
    for download in ordered:
        rows = [_draw_row(download), *(files.draw(download) if files else ())]
        if table.row_count + len(rows) > room and shown:
            break
        shown += 1
        for row in rows[:room]:
            table.add_row(*row)
    if len(ordered) > shown:
        table.add_row("", Text(f"and {len(ordered) - shown} more", style="dim"))
    return table


def _draw_row(download: Download) -> tuple[Text | ProgressBar, ...]:
    total = download.total_bytes
    is_unknown = total is None and download.status == Status.DOWNLOADING
    bar = ProgressBar(total=total or 1, completed=download.current_bytes, pulse=is_unknown)
    if download.status == Status.COMPLETED:
        bar = ProgressBar(total=1, completed=1)
    return (
        plain(download.id[:SHORT_ID_LENGTH], "dim"),
        plain(download.repository.name),
        bar,
        plain(format_share(download)),
        plain(f"{format_bytes(download.current_bytes)}/{format_bytes(total)}"),
        _describe_state(download),
    )


def _describe_state(download: Download) -> Text:
    if download.status == Status.DOWNLOADING:
        speed = f"{format_bytes(download.download_speed)}/s"
        return plain(f"{speed} {format_seconds(download.eta_seconds)}")
    if download.status == Status.FAILED:
        return Text(clean(download.error_message or "failed"), style="red")
    if download.status == Status.PENDING and download.waits_for:
        return Text(clean(download.waits_for), style="yellow")
    return style_status(download.status)
