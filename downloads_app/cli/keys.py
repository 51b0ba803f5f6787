"""`downloads-app keys`: what users' programs show in place of a password."""

from datetime import timedelta

import click

from downloads_app.cli.completing import offer_users
from downloads_app.cli.groups import Commands
from downloads_app.cli.printing import JSON_OPTION, UNKNOWN, UTC_OPTION, format_time, plain, print_json, print_table
from downloads_app.cli.times import MAX_DAYS
from downloads_app.models import utc_now
from downloads_app.services.accounts import keys, users
from downloads_app.services.audit import COMMAND_LINE
from downloads_app.services.documents import describe_key
from downloads_app.services.references import SHORT_ID_LENGTH

group = Commands("keys", help="Make, list and revoke API keys.", no_args_is_help=True)


@group.command("create")
@click.argument("name")
@click.option("--user", "username", required=True, shell_complete=offer_users, help="Whose key it is.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(keys.SCOPES),
    help="What it may do; may be repeated. Both unless told.",
)
@click.option("--expires", type=click.IntRange(1, MAX_DAYS), metavar="DAYS", help="How long it lives; else for ever.")
def create_key(name: str, username: str, scopes: tuple[str, ...], expires: int | None) -> None:
    """Make a key for a user and print it, alone on standard output. It is shown this once.

    \b
    Example:
      downloads-app keys create backup --user alice --scope read --expires 90
    """
    expires_at = utc_now() + timedelta(days=expires) if expires is not None else None
    owner = users.find_user(username)
    _, raw = keys.create_key(owner.id, name, scopes or keys.SCOPES, expires_at, by=COMMAND_LINE)
    click.echo(raw)


@group.command("list")
@click.option("--user", "username", shell_complete=offer_users, help="Only this user's.")
@JSON_OPTION
@UTC_OPTION
def list_keys(username: str | None, as_json: bool) -> None:
    """List keys, the newest first; expired ones too. The keys themselves are shown nowhere.

    \b
    Example:
      downloads-app keys list --user alice
    """
    found = keys.list_keys(users.find_user(username).id if username else None)
    if as_json:
        print_json([describe_key(key) for key in found])
        return
    now = utc_now()
    rows = [
        (
            key.id[:SHORT_ID_LENGTH],
            key.user.username,
            key.name,
            key.hint,
            ", ".join(key.scopes),
            plain(format_time(key.expires_at), "red" if key.expires_at and key.expires_at <= now else ""),
            format_time(key.last_used_at) if key.last_used_at else UNKNOWN,
        )
        for key in found
    ]
    print_table(("id", "user", "name", "begins", "scopes", "expires", "last used"), rows, right=("begins",))


@group.command("revoke")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
def revoke_keys(ids: tuple[str, ...]) -> None:
    """Refuse keys from now on, by their ids (see `keys list`); their open streams end within a tick.

    \b
    Example:
      downloads-app keys revoke 4f1a
    """
    for key_id in [keys.find_key(one).id for one in ids]:
        keys.revoke_key(key_id, None, by=COMMAND_LINE)
        click.echo(f"Revoked {key_id}")
