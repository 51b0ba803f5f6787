"""`downloads-app users`: accounts."""

import secrets
import sys
from collections.abc import Callable

import click

from downloads_app.cli.asking import YES_OPTION, confirm
from downloads_app.cli.completing import offer_users
from downloads_app.cli.groups import Commands, add_switch, stop
from downloads_app.cli.printing import JSON_OPTION, UTC_OPTION, format_bytes, format_time, print_json, print_table
from downloads_app.config import current_settings
from downloads_app.services.accounts import users
from downloads_app.services.audit import COMMAND_LINE
from downloads_app.services.database.session import give_connection_back
from downloads_app.services.documents import describe_usage, describe_user
from downloads_app.services.downloads import usage
from downloads_app.services.files import folders

group = Commands("users", help="Create, list and change users.", no_args_is_help=True)
_NAME = click.argument("name", shell_complete=offer_users)
_STDIN = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@group.command("create")
@click.argument("name")
@click.option("--admin", is_flag=True, help="May see and change everybody's downloads.")
@_STDIN
def create_user(name: str, admin: bool, password_stdin: bool) -> None:
    """Create a user; without --password-stdin asks, or generates a password where there is no terminal.

    \b
    Examples:
      downloads-app users create alice
      downloads-app users create boss --admin --password-stdin < password
    """
    downloads_dir = current_settings().downloads_dir
    users.check_new_name(downloads_dir, name)  # before anybody types a password twice
    give_connection_back()  # none is held while they do
    password, is_generated = _take_password(password_stdin)
    users.create_user(downloads_dir, name, password, is_admin=admin, by=COMMAND_LINE)
    click.echo(f"Created {'admin' if admin else 'user'} {name}")
    _print_generated(password, is_generated)


@group.command("list")
@JSON_OPTION
@UTC_OPTION
def list_users(as_json: bool) -> None:
    """List all users.

    \b
    Example:
      downloads-app users list --utc
    """
    listed = users.list_users()
    if as_json:
        print_json([describe_user(user) for user in listed])
        return
    rows = [
        (user.username, user.role, "disabled" if user.is_disabled else "enabled", format_time(user.created_at))
        for user in listed
    ]
    print_table(("name", "role", "state", "created"), rows)


@group.command("password")
@_NAME
@_STDIN
def change_password(name: str, password_stdin: bool) -> None:
    """Set a user's password; tokens issued before are refused from now on.

    \b
    Example:
      downloads-app users password alice
    """
    user = users.find_user(name)
    password, is_generated = _take_password(password_stdin)
    users.set_password(user, password, by=COMMAND_LINE)
    click.echo(f"Changed the password of {name}")
    _print_generated(password, is_generated)


@group.command("token")
@_NAME
@click.option("--expires", type=click.IntRange(1, 10 * 365 * 86400), metavar="SECONDS", help="How long it lives.")
def print_token(name: str, expires: int | None) -> None:
    """Print an access token, alone on standard output.

    \b
    Example:
      downloads-app users token alice --expires 600
    """
    click.echo(users.issue_token(current_settings(), users.find_user(name), expires, by=COMMAND_LINE))


@group.command("usage")
@click.argument("name", required=False, shell_complete=offer_users)
@JSON_OPTION
def show_usage(name: str | None, as_json: bool) -> None:
    """Show what a user, or everybody, takes on the disk and may take, and how many downloads are active.

    \b
    Examples:
      downloads-app users usage
      downloads-app users usage alice --json
    """
    found = [users.find_user(name)] if name else users.list_users()
    takes = [(user, usage.measure(current_settings(), user)) for user in found]
    if as_json:
        print_json([describe_usage(user, taken) for user, taken in takes])
        return
    rows = [
        (
            user.username,
            format_bytes(taken.used_bytes),
            "none" if taken.quota_bytes is None else format_bytes(taken.quota_bytes),
            str(taken.active_downloads),
        )
        for user, taken in takes
    ]
    print_table(("name", "used", "quota", "active"), rows, right=("used", "quota", "active"))


@group.command("delete")
@_NAME
@click.option("--files", is_flag=True, help="Remove their files too.")
@YES_OPTION
def delete_user(name: str, files: bool, yes: bool) -> None:
    """Delete a user and the rows of their downloads, asking first on a terminal; files stay without --files.

    \b
    Example:
      downloads-app users delete alice --files
    """
    user = users.find_user(name)
    confirm(f"Delete {name} with {'their downloads and files' if files else 'their downloads'}?", yes)
    if files:
        folders.remove_tree(users.close(current_settings().downloads_dir, user, by=COMMAND_LINE))
    users.delete_user(user, by=COMMAND_LINE)
    click.echo(f"Deleted {name}")


def _set_disabled(is_disabled: bool) -> Callable[[str], None]:
    return lambda name: users.set_disabled(users.find_user(name), is_disabled, by=COMMAND_LINE)


def _set_admin(is_admin: bool) -> Callable[[str], None]:
    return lambda name: users.set_admin(users.find_user(name), is_admin, by=COMMAND_LINE)


_REFUSED = "Refuse a user's tokens from now on and pause their downloads."
add_switch(group, offer_users, "disable alice", _set_disabled(True), "Disabled {}", _REFUSED)
add_switch(group, offer_users, "enable alice", _set_disabled(False), "Enabled {}", "Let a disabled user in again.")
add_switch(group, offer_users, "promote alice", _set_admin(True), "{} is an admin now", "Make a user an admin.")
add_switch(
    group, offer_users, "demote alice", _set_admin(False), "{} is a regular user now", "Make an admin a regular user."
)


def _take_password(from_stdin: bool) -> tuple[str, bool]:
    """Return a password, and whether it was generated here."""
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            stop("no password came on standard input")
        return password, False
    if sys.stdin.isatty():
        return click.prompt("Password", hide_input=True, confirmation_prompt=True), False
    return secrets.token_urlsafe(18), True


def _print_generated(password: str, is_generated: bool) -> None:
    if is_generated:
        click.echo(f"Password: {password}")
