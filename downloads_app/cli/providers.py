"""`downloads-app providers`: where repositories come from."""

from collections.abc import Callable
from copy import copy
from typing import Any

import click

from downloads_app.cli.asking import YES_OPTION, confirm
from downloads_app.cli.completing import offer_providers
from downloads_app.cli.groups import Commands, add_switch, stop
from downloads_app.cli.patience import ending_at_ctrl_c
from downloads_app.cli.printing import JSON_OPTION, UTC_OPTION, format_count, print_json
from downloads_app.cli.provider_options import reach_options, read_fields
from downloads_app.cli.provider_views import print_details, print_list
from downloads_app.config import current_settings
from downloads_app.errors import SourceError
from downloads_app.services.audit import COMMAND_LINE
from downloads_app.services.database.session import give_connection_back
from downloads_app.services.documents import describe_provider
from downloads_app.services.providers import catalog
from downloads_app.services.providers.fields import KINDS, needs_url
from downloads_app.services.providers.reencryption import reencrypt
from downloads_app.services.queue import pauses

group = Commands("providers", help="Add, change, list and remove providers.", no_args_is_help=True)


@group.command("add")
@click.argument("name")
@click.option("--kind", required=True, type=click.Choice(KINDS))
@reach_options
def add_provider(name: str, kind: str, **options: Any) -> None:
    """Add a provider; its address is judged when connecting.

    What is read from standard input comes one a line: the token, the password, the header's value, the proxy; then a
    list of addresses, if it comes from there too.

    \b
    Examples:
      downloads-app providers add hub --kind huggingface --url https://huggingface.co
      downloads-app providers add store --kind s3 --url https://s3.lan/models --username KEY --password-stdin < secret
    """
    if needs_url(kind) and not options["url"]:
        raise click.UsageError(f"Kind {kind} needs --url.")
    if options["header_value_stdin"] != bool(options["header_name"]):
        raise click.UsageError("--header and --header-value-stdin belong together.")
    if options["password_stdin"] and not options["username"]:
        raise click.UsageError("--password-stdin needs --username.")
    catalog.add_provider(current_settings(), name, kind, **read_fields(**options), by=COMMAND_LINE)
    click.echo(f"Added provider {name}")


@group.command("change")
@click.argument("name", shell_complete=offer_providers)
@reach_options
def change_provider(name: str, **options: Any) -> None:
    """Change how a provider is reached; what is not named stays. `change` and `edit` are the same.

    A URL of another origin, another proxy or authority forgets the secrets that are not given anew.

    \b
    Examples:
      downloads-app providers change hub --max-connections 8
      downloads-app providers edit hub --token-stdin < token
    """
    catalog.change_provider(current_settings(), catalog.find_provider(name), read_fields(**options), by=COMMAND_LINE)
    click.echo(f"Changed provider {name}")


edit_provider = copy(change_provider)
edit_provider.short_help = "The same as change."
group.add_command(edit_provider, "edit")


@group.command("list")
@JSON_OPTION
def list_providers(as_json: bool) -> None:
    """List all providers; secrets are never shown.

    \b
    Example:
      downloads-app providers list --json
    """
    found = catalog.list_providers()
    if as_json:
        print_json([describe_provider(provider) for provider in found])
    else:
        print_list(found)


@group.command("show")
@click.argument("name", shell_complete=offer_providers)
@JSON_OPTION
@UTC_OPTION
def show_provider(name: str, as_json: bool) -> None:
    """Show all that is known of one provider; of secrets only which ones are set.

    \b
    Example:
      downloads-app providers show hub
    """
    provider = catalog.find_provider(name)
    if as_json:
        print_json(describe_provider(provider))
    else:
        print_details(provider)


@group.command("test")
@click.argument("name", shell_complete=offer_providers)
def test_provider(name: str) -> None:
    """Ask a provider whether it answers as its kind should; exit code 1 and the reason where it does not.

    \b
    Example:
      downloads-app providers test hub
    """
    provider = catalog.find_provider(name)
    kind, access = provider.kind, catalog.access_of(current_settings(), provider)
    give_connection_back()
    try:
        with ending_at_ctrl_c():
            catalog.check_remote(kind, access)
    except SourceError as exc:
        catalog.note_test(provider, exc.message, by=COMMAND_LINE)
        raise
    catalog.note_test(provider, None, by=COMMAND_LINE)
    click.echo(f"{name} answers")


@group.command("reencrypt")
def reencrypt_secrets() -> None:
    """Encrypt all secrets under the present PROVIDER_TOKEN_KEY; exit code 1 where one cannot be read under any key.

    After it, no key of PREVIOUS_PROVIDER_TOKEN_KEYS is needed any more.

    \b
    Example:
      downloads-app providers reencrypt
    """
    done = reencrypt(current_settings(), by=COMMAND_LINE)
    anew, before = format_count(done.secrets, "secret"), format_count(done.untouched, "secret")
    click.echo(f"Encrypted {anew} anew; {before} had the present key already")
    if done.unreadable:
        stop(f"stored under another key, set them again: {', '.join(done.unreadable)}")


@group.command("remove")
@click.argument("name", shell_complete=offer_providers)
@YES_OPTION
def remove_provider(name: str, yes: bool) -> None:
    """Remove a provider and its history, asking first on a terminal; files stay.

    \b
    Example:
      downloads-app providers remove hub
    """
    catalog.find_provider(name)
    confirm(f"Remove {name} with the history of its downloads?", yes)
    catalog.remove_provider(catalog.find_provider(name), by=COMMAND_LINE)
    click.echo(f"Removed provider {name}")


def _set_paused(is_paused: bool) -> Callable[[str], None]:
    return lambda name: pauses.set_provider_paused(catalog.find_provider(name), is_paused, by=COMMAND_LINE)


_HELD = "Fetch nothing from a provider; what runs goes back to the queue within a second and keeps its bytes."
add_switch(group, offer_providers, "pause hub", _set_paused(True), "Paused provider {}", _HELD)
add_switch(
    group,
    offer_providers,
    "resume hub",
    _set_paused(False),
    "Resumed provider {}",
    "Fetch from a paused provider again.",
)
