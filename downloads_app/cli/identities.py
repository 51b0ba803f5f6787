"""`downloads-app users link`, `unlink` and `identities`: who signs in as a user at an identity provider."""

import click

from downloads_app.cli.completing import offer_users
from downloads_app.cli.printing import JSON_OPTION, UTC_OPTION, format_time, print_json, print_table
from downloads_app.cli.users import group
from downloads_app.config import current_settings
from downloads_app.services.accounts import identities, users
from downloads_app.services.audit import COMMAND_LINE
from downloads_app.services.downloads.representation import format_time as iso_time

_NAME = click.argument("name", shell_complete=offer_users)
_ISSUER = click.option("--issuer", metavar="URL", help="The identity provider; OIDC_ISSUER unless told.")
_SUBJECT = click.option("--subject", required=True, metavar="SUB", help="What the provider calls them for good.")


@group.command("link")
@_NAME
@_ISSUER
@_SUBJECT
def link_identity(name: str, issuer: str | None, subject: str) -> None:
    """Let somebody who signs in at an identity provider in as this user.

    \b
    Example:
      downloads-app users link alice --issuer https://id.example.org --subject 248289761001
    """
    identities.link(users.find_user(name), issuer or current_settings().oidc_issuer, subject, by=COMMAND_LINE)
    click.echo(f"Linked {subject} to {name}")


@group.command("unlink")
@_NAME
@_ISSUER
@_SUBJECT
def unlink_identity(name: str, issuer: str | None, subject: str) -> None:
    """Take such a link away; the user's sign-ins end.

    \b
    Example:
      downloads-app users unlink alice --issuer https://id.example.org --subject 248289761001
    """
    identities.unlink(users.find_user(name), issuer or current_settings().oidc_issuer, subject, by=COMMAND_LINE)
    click.echo(f"Unlinked {subject} from {name}")


@group.command("identities")
@_NAME
@JSON_OPTION
@UTC_OPTION
def list_identities(name: str, as_json: bool) -> None:
    """List who signs in as this user at an identity provider.

    \b
    Example:
      downloads-app users identities alice
    """
    linked = identities.list_of(users.find_user(name))
    if as_json:
        print_json(
            [{"issuer": one.issuer, "subject": one.subject, "created_at": iso_time(one.created_at)} for one in linked]
        )
        return
    print_table(
        ("issuer", "subject", "linked"), [(one.issuer, one.subject, format_time(one.created_at)) for one in linked]
    )
