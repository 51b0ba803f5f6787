"""How downloads are shown: as a table, as fields, as JSON."""

from collections.abc import Sequence
from typing import Any

import click
from rich.text import Text

from downloads_app.cli.printing import (
    UNKNOWN,
    clean,
    format_bytes,
    format_seconds,
    format_share,
    format_time,
    plain,
    print_fields,
    print_table,
    style_status,
)
from downloads_app.config import current_settings
from downloads_app.models import Download, DownloadEvent, Status
from downloads_app.services.documents import describe_download
from downloads_app.services.files.folders import folder_of
from downloads_app.services.pages import Page

SHORT_ID_LENGTH = 8


def print_list(page: Page[Download]) -> None:
    """Print a table of downloads."""
    downloads = page.rows
    rows = [
        (
            plain(download.id[:SHORT_ID_LENGTH]),
            plain(download.user.username),
            plain(f"{download.provider.name}:{download.repository.name}"),
            style_status(download.status),
            format_share(download),
            format_bytes(download.total_bytes),
        )
        for download in downloads
    ]
    columns = ("id", "user", "repository", "status", "done", "size")
    print_table(columns, rows, right=("id", "done", "size"))
    if page.next_cursor is not None:
        total = f"more than {page.total}" if page.total_is_minimum else str(page.total)
        click.echo(f"{len(downloads)} of {total}; --limit shows more", err=True)


def print_details(download: Download) -> None:
    """Print all fields of one download that have a value."""
    speed = f"{format_bytes(download.download_speed)}/s"
    is_running = download.status == Status.DOWNLOADING
    fields: list[tuple[str, str | Text | None]] = [
        ("id", download.id),
        ("status", style_status(download.status)),
        ("user", download.user.username),
        ("provider", download.provider.name),
        ("repository", download.repository.name),
        ("revision", download.revision),
        ("commit", download.commit),
        ("include", ", ".join(download.include)),
        ("exclude", ", ".join(download.exclude)),
        ("priority", str(download.priority)),
        ("waits for", download.waits_for),
        ("error", download.error_message),
        ("bytes", f"{format_bytes(download.current_bytes)} of {format_bytes(download.total_bytes)}"),
        ("files", f"{download.files_completed} of {_or_unknown(download.total_files)}"),
        ("present file", download.current_file),
        ("speed", speed if is_running else None),
        ("time left", format_seconds(download.eta_seconds) if is_running else None),
        ("attempt", str(download.attempt)),
        ("created", format_time(download.created_at)),
        ("started", format_time(download.started_at)),
        ("ended", format_time(download.completed_at)),
        ("folder", str(folder_of(current_settings().downloads_dir, download))),
    ]
    print_fields([(name, value) for name, value in fields if value])


def print_events(events: Sequence[DownloadEvent]) -> None:
    """Print what has happened to a download: a line each, and the reason below it; nothing is folded."""
    for event in events:
        what, actor = event.kind.replace("_", " "), event.actor or ""
        click.echo(
            clean(f"{format_time(event.at)}  {what:<12}  {format_bytes(event.current_bytes):>9}  {actor}").rstrip()
        )
        if reason := _explain(event):
            click.echo(clean(f"    {reason}"))


def _explain(event: DownloadEvent) -> str:
    until = f"not before {format_time(event.until_at)}" if event.until_at else None
    return "; ".join(text for text in (event.reason, until) if text)


def describe(download: Download) -> dict[str, Any]:
    """Return a download for JSON, as an admin sees it over REST."""
    return describe_download(download, current_settings().downloads_dir)


def _or_unknown(value: int | None) -> str:
    return UNKNOWN if value is None else str(value)
