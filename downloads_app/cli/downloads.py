"""`downloads-app downloads`: queue, look at, and control downloads."""

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

import click
from rich.console import Console

from downloads_app.cli.asking import YES_OPTION, confirm, is_asking
from downloads_app.cli.beat import INTERRUPTED
from downloads_app.cli.choice_options import choice_options
from downloads_app.cli.completing import offer_downloads, offer_users
from downloads_app.cli.download_views import describe, print_details, print_events, print_list
from downloads_app.cli.following import follow
from downloads_app.cli.groups import Commands
from downloads_app.cli.planning import preview
from downloads_app.cli.printing import JSON_OPTION, UTC_OPTION, clean, format_count, print_json
from downloads_app.cli.times import DAYS, SINCE
from downloads_app.config import Settings, current_settings
from downloads_app.errors import SourceError
from downloads_app.models import Download, Provider, Status, User
from downloads_app.services.accounts import users
from downloads_app.services.audit import COMMAND_LINE, Actor
from downloads_app.services.downloads import history, lifecycle, story
from downloads_app.services.pages import Wanted
from downloads_app.services.providers import catalog
from downloads_app.services.references import SHORT_ID_LENGTH

group = Commands("downloads", help="Queue, watch and control downloads.", no_args_is_help=True)
_PRIORITY = click.IntRange(lifecycle.PRIORITIES.start, lifecycle.PRIORITIES.stop - 1)


@group.command("add")
@choice_options(needs_user=True)
@click.option("--priority", type=_PRIORITY, default=0, help="Higher goes first among the user's downloads.")
@click.option(
    "--wait", "waits", is_flag=True, help="Follow it to its end (on standard error); exit code 1 unless it completes."
)
@YES_OPTION
def add_download(
    provider: str,
    repository: str,
    username: str,
    revision: str | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    priority: int,
    waits: bool,
    yes: bool,
) -> None:
    """Queue a download and print its id.

    \b
    Examples:
      downloads-app downloads add hub org/model --user alice --include '*.gguf'
      downloads-app downloads add hub org/model --user alice --wait && echo here
    """
    owner, source = users.find_user(username), catalog.find_provider(provider)
    if is_asking(yes):
        faults = _show_preview(owner, source, repository, revision=revision, include=include, exclude=exclude)
        what = f"{repository} from {source.name} for {owner.username}"
        confirm(f"Queue {what} all the same?" if faults else f"Download {what}?", yes)
    download = lifecycle.create(
        current_settings(),
        owner,
        source,
        repository,
        revision=revision,
        include=include,
        exclude=exclude,
        priority=priority,
        by=COMMAND_LINE,
    )
    click.echo(download.id)
    if waits:
        _wait_for(download.id)


def _wait_for(download_id: str) -> None:
    """Follow a download to its end; exits with 1 unless it is complete, with 130 at Ctrl-C."""
    try:
        follow([download_id], Console(stderr=True))
    except SystemExit as exc:
        if exc.code == INTERRUPTED:
            short = download_id[:SHORT_ID_LENGTH]
            click.echo(f"It goes on; to follow it again: downloads-app downloads watch {short}", err=True)
        raise
    if history.find_download(download_id).status != Status.COMPLETED:
        sys.exit(1)


def _show_preview(owner: User, source: Provider, repository: str, **choice: Any) -> list[str]:
    """Tell how much a download would fetch, and why it would not come; return these reasons."""
    click.echo(f"Asking {source.name} what {repository} has…", err=True)
    try:
        found = preview(owner, source, repository, **choice)
    except SourceError as exc:
        faults = [exc.message]
    else:
        faults = found.find_faults()
        if found.plan.files:
            click.echo(found.summarize(), err=True)
    for fault in faults:
        click.echo(clean(fault), err=True)
    return faults


@group.command("list")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice([s.value for s in Status]),
    help="Only these; may be repeated.",
)
@click.option("--since", type=SINCE, help="Only what has changed since then: 24h, 7d, or a time.")
@click.option("--user", "username", shell_complete=offer_users, help="Only this user's.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True)
@JSON_OPTION
@UTC_OPTION
def list_downloads(
    statuses: tuple[str, ...], since: datetime | None, username: str | None, limit: int, as_json: bool
) -> None:
    """List downloads, newest first.

    \b
    Example:
      downloads-app downloads list --status failed --status cancelled --since 24h
    """
    owner = users.find_user(username) if username else None
    wanted = Wanted(history.NEWEST_FIRST, page_size=limit)
    page = history.list_downloads(owner=owner, statuses=statuses, since=since, wanted=wanted)
    if as_json:
        print_json([describe(download) for download in page.rows])
    else:
        print_list(page)


@group.command("show")
@click.argument("download_id", metavar="ID", shell_complete=offer_downloads)
@click.option("--events", "shows_events", is_flag=True, help="What has happened to it, newest first.")
@JSON_OPTION
@UTC_OPTION
def show_download(download_id: str, shows_events: bool, as_json: bool) -> None:
    """Show all that is known of one download.

    \b
    Examples:
      downloads-app downloads show 4f1a
      downloads-app downloads show 4f1a --events --utc
    """
    download = history.find_download(download_id)
    if shows_events:
        found = story.read(download).rows
        if as_json:
            print_json([story.as_dict(event) for event in found])
        else:
            print_events(found)
    elif as_json:
        print_json(describe(download))
    else:
        print_details(download)


@group.command("prune")
@click.option("--older-than", type=DAYS, default=0, metavar="DAYS", help="Finished so long ago.")
@click.option("--files", is_flag=True, help="Remove their files too.")
@YES_OPTION
def prune_downloads(older_than: float, files: bool, yes: bool) -> None:
    """Remove finished downloads from the list; complete files stay unless --files is given.

    With --files it asks first on a terminal.

    \b
    Examples:
      downloads-app downloads prune --older-than 30
      downloads-app downloads prune --older-than 90 --files
    """
    if files:
        age = f" for {older_than:g} days" if older_than else ""
        confirm(f"Remove everybody's downloads that have been finished{age}, with their files?", yes)
    pruned = history.prune(current_settings().downloads_dir, older_than, files=files, by=COMMAND_LINE)
    click.echo(f"Removed {format_count(pruned.downloads, 'download')}{pruned.exception}")


def _add_control(name: str, change: Callable[[Settings, Download, Actor], None], done: str, summary: str) -> None:
    @group.command(name, help=f"{summary}\n\n\b\nExample:\n  downloads-app downloads {name} 4f1a 77c0")
    @click.argument("ids", metavar="ID...", nargs=-1, required=True, shell_complete=offer_downloads)
    def control(ids: tuple[str, ...]) -> None:
        for download in [history.find_download(reference) for reference in ids]:
            change(current_settings(), download, COMMAND_LINE)
            click.echo(f"{done} {download.id}")


_add_control("pause", lifecycle.pause, "Paused", "Stop downloads and keep their bytes.")
_add_control("resume", lifecycle.resume, "Resumed", "Go on with paused downloads.")
_add_control("cancel", lifecycle.cancel, "Cancelled", "End downloads and remove their partial files.")
_add_control("retry", lifecycle.retry, "Queued again", "Start failed or cancelled downloads again.")
