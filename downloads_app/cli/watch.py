"""`flask downloads watch`: live bars in the terminal."""

import time
from collections.abc import Sequence

import click
from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text
from sqlalchemy.exc import SQLAlchemyError

from downloads_app.cli.download_views import SHORT_ID_LENGTH
from downloads_app.cli.downloads import group
from downloads_app.cli.groups import explain_database
from downloads_app.cli.printing import clean, format_bytes, format_seconds, format_share, plain, style_status
from downloads_app.models import ACTIVE, Download, Status
from downloads_app.services.database.session import give_connection_back
from downloads_app.services.downloads import history
from downloads_app.services.pages import Wanted

INTERVAL_SECONDS = 1.0
INTERRUPTED = 130
"""What a shell says of a command that Ctrl-C has ended: 128 and the signal's number."""
MAX_ROWS = 500


@group.command("watch")
@click.argument("ids", metavar="[ID...]", nargs=-1)
def watch_downloads(ids: tuple[str, ...]) -> None:
    """Follow downloads live, the newest active ones unless ids are given; ends when nothing is active.

    Ctrl-C ends the watching (exit code 130) and leaves the downloads alone.
    """
    follow_all = not ids
    shown = [history.find_download(reference).id for reference in ids]
    console = Console()
    first = _read(shown, follow_all)
    if not first:
        click.echo("Nothing is active")
        return
    try:
        with Live(_draw(first, console), console=console, auto_refresh=False) as live:
            while _look(shown, follow_all, live, console):
                time.sleep(INTERVAL_SECONDS)
        for download in _read(shown, follow_all=False):
            if download.status == Status.FAILED:
                console.print(plain(f"{download.id}: {download.error_message}", "red"))
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None


def _look(shown: list[str], follow_all: bool, live: Live, console: Console) -> bool:
    """Read and draw once; return whether to go on. `shown` grows by what became active."""
    try:
        rows = _read(shown, follow_all)
        live.update(_draw(rows, console), refresh=True)
        shown[:] = [row.id for row in rows]
        is_active = any(row.status in ACTIVE for row in rows)
    except SQLAlchemyError as exc:
        live.update(Text(f"{explain_database(exc)}; still trying", style="red"), refresh=True)
        return True
    finally:
        give_connection_back()
    return is_active


def _read(shown: Sequence[str], follow_all: bool) -> Sequence[Download]:
    """Return the downloads shown before, however they ended, and all that are active where asked."""
    found = {download.id: download for download in history.find_all(shown)}
    if follow_all:
        active = history.list_downloads(statuses=ACTIVE, wanted=Wanted(history.NEWEST_FIRST, page_size=MAX_ROWS)).rows
        found |= {download.id: download for download in active}
    return sorted(found.values(), key=lambda download: (download.created_at, download.id))


def _draw(downloads: Sequence[Download], console: Console) -> Table:
    """Draw one row a download; what does not fit on the screen is counted, the active ones come first."""
    room = max(1, console.size.height - 3) if console.is_terminal else len(downloads)
    ordered = sorted(downloads, key=lambda download: download.status not in ACTIVE)
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True, width=SHORT_ID_LENGTH)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=3, min_width=10)
    table.add_column(no_wrap=True, ratio=2, min_width=6)
    table.add_column(no_wrap=True, justify="right", width=4)
    table.add_column(no_wrap=True, justify="right", width=19)
    table.add_column(no_wrap=True, overflow="ellipsis", justify="right", width=18)
    for download in ordered[:room]:
        table.add_row(*_draw_row(download))
    if len(ordered) > room:
        table.add_row("", Text(f"and {len(ordered) - room} more", style="dim"))
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
    if download.status == Status.PENDING and download.wait_reason:
        return Text(clean(download.wait_reason), style="yellow")
    return style_status(download.status)
