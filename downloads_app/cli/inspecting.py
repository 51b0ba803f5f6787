"""`flask downloads top`, `stuck` and `plan`: what runs, what does not move, what would come."""

import time
from collections.abc import Sequence

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table

from downloads_app.cli.choice_options import choice_options
from downloads_app.cli.download_views import SHORT_ID_LENGTH, describe
from downloads_app.cli.downloads import group
from downloads_app.cli.following import INTERRUPTED, INTERVAL_SECONDS
from downloads_app.cli.printing import (
    JSON_OPTION,
    UNKNOWN,
    UTC_OPTION,
    format_bytes,
    format_seconds,
    format_share,
    format_time,
    make_table,
    print_json,
    print_table,
)
from downloads_app.config import current_settings
from downloads_app.models import Download, Status
from downloads_app.services.accounts import users
from downloads_app.services.database.session import give_connection_back
from downloads_app.services.documents import describe_plan
from downloads_app.services.downloads import history, plans, stuck
from downloads_app.services.downloads.patterns import check_patterns
from downloads_app.services.downloads.representation import format_time as iso_time
from downloads_app.services.pages import Wanted
from downloads_app.services.providers import catalog

MAX_ROWS = 200


@group.command("top")
@JSON_OPTION
def show_top(as_json: bool) -> None:
    """Show what runs, the fastest first; on a terminal anew each second, until Ctrl-C.

    \b
    Example:
      flask downloads top
      flask downloads top --json
    """
    console = Console()
    if as_json:
        print_json([describe(download) for download in _read_running()])
        return
    if not console.is_terminal:
        print_table(*_top(_read_running()), right=_TOP_RIGHT)
        return
    try:
        with Live(console=console, auto_refresh=False, screen=True) as live:
            while True:
                live.update(_draw_top(), refresh=True)
                give_connection_back()
                time.sleep(INTERVAL_SECONDS)
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None


_TOP_RIGHT = ("done", "size", "speed", "left")


def _draw_top() -> Table:
    columns, rows = _top(_read_running())
    return make_table(columns, rows, right=_TOP_RIGHT)


def _read_running() -> Sequence[Download]:
    wanted = Wanted(history.NEWEST_FIRST, page_size=MAX_ROWS)
    running = history.list_downloads(statuses=[Status.DOWNLOADING], wanted=wanted).rows
    return sorted(running, key=lambda download: -download.download_speed)


def _top(running: Sequence[Download]) -> tuple[Sequence[str], list[Sequence[str]]]:
    rows: list[Sequence[str]] = [
        (
            download.id[:SHORT_ID_LENGTH],
            download.user.username,
            f"{download.provider.name}:{download.repository.name}",
            format_share(download),
            format_bytes(download.total_bytes),
            f"{format_bytes(download.download_speed)}/s",
            format_seconds(download.eta_seconds),
        )
        for download in running
    ]
    total = sum(download.download_speed for download in running)
    rows.append(("", "", f"{len(running)} running", "", "", f"{format_bytes(total)}/s", ""))
    return ("id", "user", "repository", "done", "size", "speed", "left"), rows


@group.command("stuck")
@JSON_OPTION
@UTC_OPTION
def show_stuck(as_json: bool) -> None:
    """Show what does not move: why, since when, and what to do.

    \b
    Example:
      flask downloads stuck --json
    """
    found = stuck.find_stuck(current_settings().lease_seconds)
    if as_json:
        print_json(
            [
                describe(one.download) | {"reason": one.reason, "since": iso_time(one.since), "advice": one.advice}
                for one in found
            ]
        )
        return
    if not found:
        click.echo("Nothing is stuck")
        return
    rows = [
        (
            one.download.id[:SHORT_ID_LENGTH],
            one.download.user.username,
            one.download.repository.name,
            format_time(one.since),
            one.reason,
            one.advice,
        )
        for one in found
    ]
    print_table(("id", "user", "repository", "since", "why", "what to do"), rows)


@group.command("plan")
@choice_options
@JSON_OPTION
def show_plan(
    provider: str,
    repository: str,
    username: str,
    revision: str | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show what a download would fetch; changes nothing.

    \b
    Example:
      flask downloads plan hub org/model --user alice --include '*.safetensors'
    """
    owner, source = users.find_user(username), catalog.find_provider(provider)
    wanted = check_patterns(include, exclude)
    kind, access = source.kind, catalog.access_of(current_settings(), source)
    give_connection_back()  # no connection is held while the network takes its time
    listing = plans.list_remote(kind, access, repository, revision, wanted)
    plan = plans.make_plan(current_settings(), owner, source, repository, listing, revision=revision)
    if as_json:
        print_json(describe_plan(plan))
        return
    rows = [(file.path, format_bytes(file.size_bytes), "yes" if file.is_here else "") for file in plan.files]
    print_table(("file", "size", "here"), rows, right=("size",))
    quota = UNKNOWN if plan.quota_left_bytes is None else format_bytes(plan.quota_left_bytes)
    here = f"{format_bytes(plan.total_bytes)}, of which {format_bytes(plan.here_bytes)} are here"
    click.echo(f"{len(plan.files)} files, {here}; free {format_bytes(plan.free_bytes)}, quota left {quota}")
