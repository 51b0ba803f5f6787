"""`downloads-app downloads stuck` and `plan`: what does not move, what would come."""

import sys
from collections.abc import Sequence

import click

from downloads_app.cli.choice_options import choice_options
from downloads_app.cli.download_views import describe
from downloads_app.cli.downloads import group
from downloads_app.cli.planning import preview
from downloads_app.cli.printing import (
    JSON_OPTION,
    UTC_OPTION,
    WIDE_COLUMNS,
    format_bytes,
    format_count,
    format_time,
    make_console,
    print_folded,
    print_json,
    print_table,
)
from downloads_app.config import current_settings
from downloads_app.services.accounts import users
from downloads_app.services.documents import describe_plan
from downloads_app.services.downloads import stuck
from downloads_app.services.downloads.representation import format_time as iso_time
from downloads_app.services.downloads.stuck import Hold, Stuck
from downloads_app.services.providers import catalog
from downloads_app.services.references import SHORT_ID_LENGTH


@group.command("stuck")
@click.option(
    "--limit",
    type=click.IntRange(1, 100_000),
    default=50,
    show_default=True,
    help="At most so many, those first that have been stuck for longest.",
)
@JSON_OPTION
@UTC_OPTION
def show_stuck(limit: int, as_json: bool) -> None:
    """Show what does not move: why, since when, and what to do.

    What holds many downloads back at once has a line, and so have all that only wait for their turn. With --json each
    download that does not move is told by itself.

    \b
    Example:
      downloads-app downloads stuck --json
    """
    lease_seconds = current_settings().lease_seconds
    if as_json:
        print_json(
            [
                describe(one.download) | {"reason": one.reason, "since": iso_time(one.since), "advice": one.advice}
                for one in stuck.find_stuck(lease_seconds, limit)
            ]
        )
        return
    found = stuck.survey(lease_seconds, limit)
    if found.downloads:
        _print_each(found.downloads)
        if found.total > len(found.downloads):
            click.echo(f"and {found.total - len(found.downloads)} more; --limit shows more")
    for hold in found.holds:
        _print_hold(hold)
    turns = f"{_count(found.waiting)} for {'its' if found.waiting == 1 else 'their'} turn"
    if not (found.downloads or found.holds):
        click.echo(f"Nothing is stuck; {turns}" if found.waiting else "Nothing is stuck")
    elif found.waiting:
        click.echo(turns)


def _count(downloads: int) -> str:
    return f"{format_count(downloads, 'download')} wait{'s' if downloads == 1 else ''}"


def _print_hold(hold: Hold) -> None:
    """Print a line; two where the terminal is narrow, so that the command to copy is not folded."""
    since = f" since {format_time(hold.since)}" if hold.since else ""
    told = f"{hold.reason[0].upper()}{hold.reason[1:]}{since}: {_count(hold.downloads)}"
    if make_console().width < WIDE_COLUMNS:
        print_folded(told)
        print_folded(f"→ {hold.advice}", indent=2)
    else:
        print_folded(f"{told} → {hold.advice}")


def _print_each(found: Sequence[Stuck]) -> None:
    if make_console().width < WIDE_COLUMNS:
        for one in found:
            _print_sentences(one)
        return
    rows = [(*_name(one), format_time(one.since), one.reason, one.advice) for one in found]
    print_table(("id", "user", "repository", "since", "why", "what to do"), rows)


def _name(one: Stuck) -> tuple[str, str, str]:
    return one.download.id[:SHORT_ID_LENGTH], one.download.user.username, one.download.repository.name


def _print_sentences(one: Stuck) -> None:
    """Print what a row of the table says in the full width of the terminal."""
    print_folded(f"{' '.join(_name(one))}, since {format_time(one.since)}", "bold")
    print_folded(one.reason, indent=2)
    print_folded(f"→ {one.advice}", indent=2)


@group.command("plan")
@choice_options(needs_user=False)
@JSON_OPTION
def show_plan(
    provider: str,
    repository: str,
    username: str | None,
    revision: str | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show what a download would fetch, and end with 1 if it would not come; changes nothing.

    \b
    Examples:
      downloads-app downloads plan hub org/model --include '*.safetensors'
      downloads-app downloads plan hub org/model --user alice
    """
    owner, source = users.find_user(username) if username is not None else None, catalog.find_provider(provider)
    found = preview(owner, source, repository, revision=revision, include=include, exclude=exclude)
    if as_json:
        print_json(describe_plan(found.plan))
    elif files := found.plan.files:
        rows = [(file.path, format_bytes(file.size_bytes), found.say_here(file)) for file in files]
        print_table(("file", "size", "here"), rows, right=("size",))
        click.echo(found.summarize())
    faults = found.find_faults()
    for fault in faults:
        click.echo(fault, err=True)
    if faults:
        sys.exit(1)
