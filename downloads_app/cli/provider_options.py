"""The options that say how to reach a provider. `providers add` and `providers change` share them."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from downloads_app.services.providers.address_lists import MAX_LIST_CHARACTERS
from downloads_app.services.providers.fields import MAX_CONNECTIONS
from downloads_app.services.providers.secrets import MAX_CERTIFICATE_LENGTH

F = TypeVar("F", bound=Callable[..., Any])
_FILE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
_OPTIONS = (
    click.option("--url", help="The hub's endpoint, or the folder that repositories lie below."),
    click.option("--token-stdin", is_flag=True, help="Read an access token from standard input; empty means none."),
    click.option("--username", help="For Basic authentication; for s3 the access key's id."),
    click.option("--password-stdin", is_flag=True, help="Read its password (s3: the secret key) from standard input."),
    click.option("--header", "header_name", help="The name of a header to send with each request."),
    click.option("--header-value-stdin", is_flag=True, help="Read that header's value from standard input."),
    click.option(
        "--client-certificate",
        type=_FILE,
        help="A PEM file: certificate and key; it is stored, not read again.",
    ),
    click.option(
        "--list",
        "address_list",
        type=_FILE,
        help="For urls: a file with an address a line; - is standard input. It is stored, not read again.",
    ),
    click.option(
        "--allow-private-network/--no-allow-private-network",
        default=None,
        help="Its own host may be a private address.",
    ),
    click.option(
        "--allow-host",
        "allow_hosts",
        multiple=True,
        help="HOST[:PORT] that may be at a private one too; may be repeated. They replace those allowed before;"
        " '' means none.",
    ),
    click.option("--region", help="For s3: the region that signatures name; guessed from the URL."),
    click.option("--max-connections", type=click.IntRange(1, MAX_CONNECTIONS), help="Across all workers."),
    click.option("--proxy-stdin", is_flag=True, help="Read a proxy's URL from standard input."),
    click.option("--ca-file", type=click.Path(exists=True, dir_okay=False, resolve_path=True), help="A PEM bundle."),
)


def reach_options(command: F) -> F:
    """Give a command these options. `read_fields` turns them into a provider's fields."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_fields(
    *,
    token_stdin: bool,
    password_stdin: bool,
    header_value_stdin: bool,
    proxy_stdin: bool,
    client_certificate: Path | None,
    address_list: Path | None,
    **given: Any,
) -> dict[str, Any]:
    """Return the fields that were given, as `services.providers.form` names them.

    Standard input has one line each, in this order: token, password, header's value, proxy; then the content of a
    file that is named `-`.
    """
    fields = {name: value for name, value in given.items() if value is not None and value != ()}
    if fields.get("allow_hosts") == ("",):
        fields["allow_hosts"] = ()
    lines = {
        "token": token_stdin,
        "password": password_stdin,
        "header_value": header_value_stdin,
        "proxy_url": proxy_stdin,
    }
    fields |= {field: sys.stdin.readline().rstrip("\r\n") for field, is_read in lines.items() if is_read}
    if client_certificate:
        fields["client_certificate"] = _read_file(client_certificate, MAX_CERTIFICATE_LENGTH)
    if address_list:
        fields["address_list"] = _read_file(address_list, MAX_LIST_CHARACTERS)
    return fields


def _read_file(path: Path, limit: int) -> str:
    """Return a file's text, at most `limit + 1` characters: this shows that it is too long. An empty file gives a line
    feed, because an empty value would remove the old one.
    """
    if path == Path("-"):
        return sys.stdin.read(limit + 1) or "\n"  # the same buffer as for the lines before
    with path.open(encoding="utf-8", errors="surrogateescape") as file:
        return file.read(limit + 1) or "\n"
