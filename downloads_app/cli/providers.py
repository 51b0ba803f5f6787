"""`flask providers`: where repositories come from."""

import sys

import click

from downloads_app.cli.groups import Commands
from downloads_app.cli.printing import UNKNOWN, print_json, print_table
from downloads_app.models import Provider
from downloads_app.services import provider_fields, providers

group = Commands("providers", help="Add, list and remove providers.", no_args_is_help=True)


@group.command("add")
@click.argument("name")
@click.option("--kind", required=True, type=click.Choice(provider_fields.KINDS))
@click.option("--url", required=True, help="The hub's endpoint, or the folder that repositories lie below.")
@click.option("--token-stdin", is_flag=True, help="Read an access token from standard input; empty means none.")
@click.option("--allow-private-network", is_flag=True, help="Its own host may be a private address.")
@click.option("--max-connections", type=click.IntRange(1, provider_fields.MAX_CONNECTIONS), help="Across all workers.")
@click.option("--proxy-stdin", is_flag=True, help="Read a proxy's URL from standard input (after the token).")
@click.option("--ca-file", type=click.Path(exists=True, dir_okay=False, resolve_path=True), help="A PEM bundle.")
def add_provider(
    name: str,
    kind: str,
    url: str,
    token_stdin: bool,
    allow_private_network: bool,
    max_connections: int | None,
    proxy_stdin: bool,
    ca_file: str | None,
) -> None:
    """Add a provider; its address is judged when connecting."""
    token = sys.stdin.readline().strip() if token_stdin else None
    proxy_url = sys.stdin.readline().strip() if proxy_stdin else None
    providers.add_provider(
        name,
        kind,
        url,
        token=token,
        allow_private_network=allow_private_network,
        max_connections=max_connections,
        proxy_url=proxy_url,
        ca_file=ca_file,
    )
    click.echo(f"Added provider {name}")


@group.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def list_providers(as_json: bool) -> None:
    """List all providers; tokens are never shown."""
    found = providers.list_providers()
    if as_json:
        print_json([_describe(provider) for provider in found])
        return
    rows = [
        (
            provider.name,
            provider.kind,
            provider.url,
            "yes" if provider.token_encrypted else "no",
            "yes" if provider.allow_private_network else "no",
            str(provider.max_connections or UNKNOWN),
        )
        for provider in found
    ]
    print_table(("name", "kind", "url", "token", "private", "connections"), rows)


@group.command("remove")
@click.argument("name")
def remove_provider(name: str) -> None:
    """Remove a provider and its history; files stay."""
    providers.remove_provider(providers.find_provider(name))
    click.echo(f"Removed provider {name}")


def _describe(provider: Provider) -> dict[str, object]:
    return {
        "id": provider.id,
        "name": provider.name,
        "kind": provider.kind,
        "url": provider.url,
        "has_token": provider.token_encrypted is not None,
        "allow_private_network": provider.allow_private_network,
        "max_connections": provider.max_connections,
    }
