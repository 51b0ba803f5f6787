"""`downloads-app audit`: who has done what, from where, and when."""

from datetime import datetime

import click
from flask.cli import with_appcontext

from downloads_app.cli.completing import offer_users
from downloads_app.cli.groups import Command
from downloads_app.cli.printing import (
    JSON_OPTION,
    UTC_OPTION,
    WIDE_COLUMNS,
    format_time,
    make_console,
    plain,
    print_folded,
    print_json,
    print_table,
)
from downloads_app.cli.times import SINCE
from downloads_app.models import Act, AuditEntry
from downloads_app.services.audit import reading
from downloads_app.services.pages import Wanted


@click.command("audit", cls=Command)
@click.option(
    "--user",
    metavar="NAME",
    shell_complete=offer_users,
    help="Only what this user did, or what is about them; `cli`: by commands.",
)
@click.option("--since", type=SINCE, help="Only since then: 24h, 7d, or a time.")
@click.option(
    "--action",
    "actions",
    multiple=True,
    type=click.Choice([act.value for act in Act]),
    metavar="ACTION",
    help="Only these, such as signed_in; may be repeated.",
)
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True)
@JSON_OPTION
@UTC_OPTION
@with_appcontext
def audit(user: str | None, since: datetime | None, actions: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Show who has done what, the newest first.

    \b
    Example:
      downloads-app audit --user alice --since 7d
    """
    wanted = Wanted(reading.NEWEST_FIRST, page_size=limit)
    entries = reading.page_of_entries(wanted, user=user, actions=actions, since=since).rows
    if as_json:
        print_json([reading.as_dict(entry) for entry in entries])
        return
    if make_console().width < WIDE_COLUMNS:
        for entry in entries:
            _print_sentences(entry)
        return
    rows = [
        (
            format_time(entry.last_at),
            _name_actor(entry),
            plain(entry.action, _style(entry)),
            entry.username or "",
            _name_object(entry),
            entry.address or "",
            _tell(entry),
        )
        for entry in entries
    ]
    print_table(("when", "who", "what", "user", "object", "from", "detail"), rows)


def _print_sentences(entry: AuditEntry) -> None:
    """Print what a row of the table says in the full width of the terminal: seven columns would break most words."""
    parts = (format_time(entry.last_at), _name_actor(entry), entry.action, entry.username)
    print_folded("  ".join(part for part in parts if part), _style(entry), hang=4)
    origin = f"from {entry.address}" if entry.address else ""
    if told := "; ".join(part for part in (_name_object(entry), origin, _tell(entry)) if part):
        print_folded(told, indent=4)


def _style(entry: AuditEntry) -> str:
    return "" if entry.succeeded else "red"


def _name_object(entry: AuditEntry) -> str:
    return entry.object_name if entry.object_name and entry.object_type != "user" else ""


def _name_actor(entry: AuditEntry) -> str:
    return f"{entry.actor or '?'} (key {entry.key})" if entry.key else entry.actor or "?"


def _tell(entry: AuditEntry) -> str:
    often = f"{entry.count} times since {format_time(entry.at)}" if entry.count > 1 else ""
    failed = "" if entry.succeeded else "failed"
    return "; ".join(part for part in (failed, entry.detail, often) if part)
