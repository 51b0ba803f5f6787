"""How downloads are shown: as a table, as fields, as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.text import Text

from downloads_app.cli.printing import (
    STYLES,
    UNKNOWN,
    WIDE_COLUMNS,
    format_bytes,
    format_seconds,
    format_share,
    format_time,
    make_console,
    print_fields,
    print_folded,
    print_table,
    style_status,
)
from downloads_app.cli.standstill import ITS_TURN, NO_TURN, look_around
from downloads_app.config import current_settings
from downloads_app.models import Download, DownloadEvent, Status
from downloads_app.services.documents import describe_download
from downloads_app.services.files.folders import folder_of
from downloads_app.services.pages import Page
from downloads_app.services.references import SHORT_ID_LENGTH


def print_list(page: Page[Download]) -> None:
    """Print a table of downloads. Why one failed or waits is its last column, or stands below on a narrow terminal."""
    downloads = page.rows
    look = look_around(downloads)
    reasons = {download.id: look.explain(download) for download in downloads}
    is_wide = make_console().width >= WIDE_COLUMNS and any(reasons.values())
    rows = [(*_cells(download), *([reasons[download.id]] if is_wide else [])) for download in downloads]
    columns = ("id", "user", "repository", "status", "done", "size", *(["why"] if is_wide else []))
    print_table(columns, rows, right=("done", "size"))
    if not is_wide:
        _print_reasons(downloads, reasons)
    if page.next_cursor is not None:
        total = f"more than {page.total}" if page.total_is_minimum else str(page.total)
        click.echo(f"{len(downloads)} of {total}; --limit shows more", err=True)


def _print_reasons(downloads: Sequence[Download], reasons: Mapping[str, str]) -> None:
    """Print a sentence for each reason; those that wait for their turn have one together."""
    turns = [reason for reason in reasons.values() if reason in (ITS_TURN, NO_TURN)]
    are_together = len(turns) > 1
    for download in downloads:
        reason = reasons[download.id]
        if reason and not (are_together and reason == turns[0]):
            told = f"{download.id[:SHORT_ID_LENGTH]} {reason}"
            print_folded(told, STYLES[download.status], hang=SHORT_ID_LENGTH + 1)
    if are_together:
        no_worker = turns[0].removeprefix(ITS_TURN)
        print_folded(f"{len(turns)} downloads wait for their turn{no_worker}", STYLES[Status.PENDING])


def _cells(download: Download) -> tuple[str | Text, ...]:
    return (
        download.id[:SHORT_ID_LENGTH],
        download.user.username,
        f"{download.provider.name}:{download.repository.name}",
        style_status(download.status),
        format_share(download),
        format_bytes(download.total_bytes),
    )


def print_details(download: Download) -> None:
    """Print all fields of one download that have a value."""
    look = look_around([download])
    is_lost, is_running = look.is_lost(download), download.status == Status.DOWNLOADING
    has_trouble, why = is_lost or download.status == Status.FAILED, look.explain(download)
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
        ("waits for", None if has_trouble else why.removeprefix("waits for ")),
        ("error", why if is_lost else download.error_message),
        ("bytes", f"{format_bytes(download.current_bytes)} of {format_bytes(download.total_bytes)}"),
        ("files", f"{download.files_completed} of {_or_unknown(download.total_files)}"),
        ("present file", download.current_file if is_running else None),
        ("speed", f"{format_bytes(look.speed(download))}/s" if is_running else None),
        ("time left", format_seconds(download.eta_seconds) if is_running and not is_lost else None),
        ("attempt", str(download.attempt)),
        ("created", format_time(download.created_at)),
        ("started", format_time(download.started_at)),
        ("ended", format_time(download.completed_at)),
        ("folder", str(folder_of(current_settings().downloads_dir, download))),
    ]
    print_fields([(name, value) for name, value in fields if value])


def print_events(events: Sequence[DownloadEvent]) -> None:
    """Print what has happened to a download: a line each, and the reason below it."""
    for event in events:
        what, actor = event.kind.replace("_", " "), event.actor or ""
        print_folded(f"{format_time(event.at)}  {what:<12}  {format_bytes(event.current_bytes):>9}  {actor}", hang=4)
        if reason := _explain(event):
            print_folded(reason, indent=4)


def _explain(event: DownloadEvent) -> str:
    until = f"not before {format_time(event.until_at)}" if event.until_at else None
    return "; ".join(text for text in (event.reason, until) if text)


def describe(download: Download) -> dict[str, Any]:
    """Return a download for JSON, as an admin sees it over REST."""
    return describe_download(download, current_settings().downloads_dir)


def _or_unknown(value: int | None) -> str:
    return UNKNOWN if value is None else str(value)
