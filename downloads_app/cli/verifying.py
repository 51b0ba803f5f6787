"""`downloads-app downloads verify`: every file read again."""

import shlex
import sys
from collections.abc import Callable, Iterable
from typing import Any

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Task as RichTask
from rich.table import Column, Table

from downloads_app.cli.bars import ECHO_COLUMNS
from downloads_app.cli.beat import INTERRUPTED
from downloads_app.cli.completing import offer_downloads
from downloads_app.cli.downloads import group
from downloads_app.cli.printing import JSON_OPTION, can_redraw, clean, format_bytes, format_count, print_json
from downloads_app.config import current_settings
from downloads_app.models import Download, Status
from downloads_app.services.downloads import history, verification
from downloads_app.services.downloads.verification import Task
from downloads_app.services.names import DEFAULT_REVISION
from downloads_app.services.references import SHORT_ID_LENGTH


@group.command("verify")
@click.argument("ids", metavar="[ID...]", nargs=-1, shell_complete=offer_downloads)
@JSON_OPTION
def verify_downloads(ids: tuple[str, ...], as_json: bool) -> None:
    """Read every complete file again, and compare it with its size and sum; of all completed downloads without ids.

    Exit code 1 where something differs, or a download is not complete. Ctrl-C ends it (exit code 130). Nothing is
    changed; standard error has the command that fetches what is damaged or missing.

    \b
    Examples:
      downloads-app downloads verify
      downloads-app downloads verify 4f1a && echo whole
    """
    chosen = [history.find_download(reference).id for reference in ids] or verification.find_completed()
    try:
        with _progress() as progress:
            results = [_verify_one(download_id, progress, as_json) for download_id in chosen]
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    if as_json:
        print_json(results)
    elif not results:
        click.echo("Nothing is complete")
    if any(result["differences"] or result["status"] != Status.COMPLETED for result in results):
        sys.exit(1)


def _verify_one(download_id: str, progress: Progress, as_json: bool) -> dict[str, Any]:
    """Read one download's files, and print what differs as soon as it is found."""
    download = history.find_download(download_id)
    again = _name_add(download)
    task = verification.plan(current_settings().downloads_dir, download)
    name = f"{task.download_id[:SHORT_ID_LENGTH]} {task.repository}"
    bar = progress.add_task(clean(name), total=task.size_bytes)
    differences = []
    for path, fault in verification.read_all(task, _advance(progress, bar)):
        differences.append({"path": path, "fault": fault})
        if not as_json:
            _print(progress, f"{name}: {path}: {fault}")
    if differences and task.is_complete:
        _print(progress, f"To fetch what is damaged or missing: {again}", err=True)
    progress.remove_task(bar)
    if not differences and not as_json:
        files = format_count(len(task.files), "file")
        so_far = "" if task.is_complete else f"; not complete ({task.status})"
        _print(progress, f"{name}: {files}, {format_bytes(task.size_bytes)}, all as they came{so_far}")
    return _describe(task) | {"differences": differences}


def _name_add(download: Download) -> str:
    """Return the command that queues the same download once more: what is whole is kept, by its sum."""
    choice = ["--user", download.user.username]
    if download.revision != DEFAULT_REVISION:
        choice += ["--revision", download.revision]
    for option, patterns in (("--include", download.include), ("--exclude", download.exclude)):
        choice += [word for pattern in patterns for word in (option, pattern)]
    return shlex.join(["downloads-app", "downloads", "add", download.provider.name, download.repository.name, *choice])


def _advance(progress: Progress, bar: Any) -> Callable[[int], None]:
    return lambda count: progress.advance(bar, count)


def _describe(task: Task) -> dict[str, Any]:
    return {
        "id": task.download_id,
        "repository": task.repository,
        "status": task.status,
        "files": len(task.files),
        "bytes": task.size_bytes,
    }


def _print(progress: Progress, line: str, *, err: bool = False) -> None:
    """Print, with no bar on the terminal meanwhile: it would stand in the same line."""
    progress.stop()
    click.echo(clean(line), err=err)
    progress.start()


class _Bars(Progress):
    """Bars on standard error, with room for the terminal's `^C` behind them; without a terminal there are none."""

    def __init__(self, console: Console, *columns: ProgressColumn) -> None:
        self._screen = console
        super().__init__(
            *columns,
            console=console,
            expand=True,
            transient=True,
            redirect_stdout=False,  # it would go to standard error
            redirect_stderr=False,
            disable=not can_redraw(console),
        )

    def make_tasks_table(self, tasks: Iterable[RichTask]) -> Table:
        """Lay the bars out."""
        table = super().make_tasks_table(tasks)
        table.width = max(1, self._screen.width - ECHO_COLUMNS)
        return table


def _progress() -> Progress:
    """Return bars. A name that is too long is cut, not folded."""
    name = Column(no_wrap=True, overflow="ellipsis", ratio=2)
    return _Bars(
        Console(stderr=True),
        TextColumn("{task.description}", markup=False, table_column=name),
        BarColumn(bar_width=None, table_column=Column(ratio=1)),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
