"""`flask providers`: where repositories come from."""

import sys
from typing import Any, TextIO

import click

from downloads_app.cli.groups import Commands
from downloads_app.cli.printing import UNKNOWN, print_json, print_table
from downloads_app.models import Provider
from downloads_app.services.providers import catalog, fields
from downloads_app.services.providers.secrets import MAX_CERTIFICATE_LENGTH

group = Commands("providers", help="Add, list and remove providers.", no_args_is_help=True)


@group.command("add")
@click.argument("name")
@click.option("--kind", required=True, type=click.Choice(fields.KINDS))
@click.option("--url", required=True, help="The hub's endpoint, or the folder that repositories lie below.")
@click.option("--token-stdin", is_flag=True, help="Read an access token from standard input; empty means none.")
@click.option("--username", help="For Basic authentication; for s3 the access key's id.")
@click.option("--password-stdin", is_flag=True, help="Read its password (for s3 the secret key) from standard input.")
@click.option("--header", "header_name", help="The name of a header to send with each request.")
@click.option("--header-value-stdin", is_flag=True, help="Read that header's value from standard input.")
@click.option(
    "--client-certificate",
    type=click.File(encoding="latin-1"),
    help="A PEM file: certificate and key; it is stored, not read again.",
)
@click.option("--allow-private-network", is_flag=True, help="Its own host may be a private address.")
@click.option(
    "--allow-host", "allow_hosts", multiple=True, help="HOST or HOST:PORT that it may lead to at a private address."
)
@click.option("--region", help="For s3: the region that signatures name; guessed from the URL.")
@click.option("--max-connections", type=click.IntRange(1, fields.MAX_CONNECTIONS), help="Across all workers.")
@click.option("--proxy-stdin", is_flag=True, help="Read a proxy's URL from standard input.")
@click.option("--ca-file", type=click.Path(exists=True, dir_okay=False, resolve_path=True), help="A PEM bundle.")
def add_provider(
    name: str,
    kind: str,
    url: str,
    token_stdin: bool,
    password_stdin: bool,
    header_value_stdin: bool,
    proxy_stdin: bool,
    client_certificate: TextIO | None,
    **fields: Any,
) -> None:
    """Add a provider; its address is judged when connecting.

    What is read from standard input comes one a line: the token, the password, the header's value, the proxy.
    """
    if header_value_stdin != bool(fields["header_name"]):
        raise click.UsageError("--header and --header-value-stdin belong together.")
    if password_stdin and not fields["username"]:
        raise click.UsageError("--password-stdin needs --username.")
    wanted = {
        "token": token_stdin,
        "password": password_stdin,
        "header_value": header_value_stdin,
        "proxy_url": proxy_stdin,
    }
    secrets = {field: sys.stdin.readline().rstrip("\r\n") for field, is_read in wanted.items() if is_read}
    if client_certificate:
        secrets["client_certificate"] = client_certificate.read(MAX_CERTIFICATE_LENGTH + 1) or "an empty file"
    catalog.add_provider(name, kind, url, **secrets, **fields)
    click.echo(f"Added provider {name}")


@group.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def list_providers(as_json: bool) -> None:
    """List all providers; secrets are never shown."""
    found = catalog.list_providers()
    if as_json:
        print_json([_describe(provider) for provider in found])
        return
    rows = [
        (
            provider.name,
            provider.kind,
            provider.url,
            _name_secrets(provider) or "none",
            "yes" if provider.allow_private_network else ", ".join(provider.allow_hosts) or "no",
            str(provider.max_connections or UNKNOWN),
        )
        for provider in found
    ]
    print_table(("name", "kind", "url", "secrets", "private", "connections"), rows)


@group.command("remove")
@click.argument("name")
def remove_provider(name: str) -> None:
    """Remove a provider and its history; files stay."""
    catalog.remove_provider(catalog.find_provider(name))
    click.echo(f"Removed provider {name}")


def _name_secrets(provider: Provider) -> str:
    held = {
        "token": provider.token_encrypted,
        "password": provider.password_encrypted or provider.username,
        "header": provider.header_value_encrypted,
        "certificate": provider.client_certificate_encrypted,
    }
    return ", ".join(name for name, secret in held.items() if secret)


def _describe(provider: Provider) -> dict[str, object]:
    return {
        "id": provider.id,
        "name": provider.name,
        "kind": provider.kind,
        "url": provider.url,
        "has_token": provider.token_encrypted is not None,
        "has_password": provider.password_encrypted is not None,
        "has_header": provider.header_value_encrypted is not None,
        "has_client_certificate": provider.client_certificate_encrypted is not None,
        "allow_private_network": provider.allow_private_network,
        "allow_hosts": provider.allow_hosts,
        "region": provider.region,
        "max_connections": provider.max_connections,
    }
