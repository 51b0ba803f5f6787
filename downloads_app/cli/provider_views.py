"""How providers are shown: as a table, as fields. Never a secret, only which ones are set."""

from collections.abc import Iterable

from rich.text import Text

from downloads_app.cli.printing import UNKNOWN, format_time, plain, print_fields, print_table
from downloads_app.models import Provider


def print_list(providers: Iterable[Provider]) -> None:
    """Print a table of providers."""
    rows = [
        (
            provider.name,
            provider.kind,
            provider.url or UNKNOWN,
            _name_secrets(provider) or "none",
            ", ".join(_name_private(provider)) or "no",
            str(provider.max_connections or UNKNOWN),
            plain("paused", "yellow") if provider.paused_at else plain("in use"),
        )
        for provider in providers
    ]
    print_table(("name", "kind", "url", "secrets", "private", "connections", "state"), rows)


def print_details(provider: Provider) -> None:
    """Print all fields of one provider that are no secret and have a value."""
    most = provider.max_connections
    paused = provider.paused_at and plain(f"paused since {format_time(provider.paused_at)}", "yellow")
    fields: list[tuple[str, str | Text | None]] = [
        ("name", provider.name),
        ("id", provider.id),
        ("kind", provider.kind),
        ("url", provider.url),
        ("region", provider.region),
        ("secrets", _name_secrets(provider) or "none"),
        ("may be private", ", ".join(_name_private(provider)) or "none"),
        ("connections", "no limit" if most is None else f"{most} at most, across all workers"),
        ("proxy", "one is set" if provider.proxy_url_encrypted else "none"),
        ("authorities", provider.ca_file or "the usual ones"),
        ("state", paused or "in use"),
        ("added", format_time(provider.created_at)),
        ("changed", format_time(provider.updated_at)),
    ]
    print_fields([(name, value) for name, value in fields if value])


def _name_private(provider: Provider) -> list[str]:
    """Name the hosts that may be at a private address."""
    return [*(["own host"] if provider.allow_private_network else []), *provider.allow_hosts]


def _name_secrets(provider: Provider) -> str:
    held = {
        "token": provider.token_encrypted,
        "password": provider.password_encrypted or provider.username,
        "header": provider.header_value_encrypted,
        "certificate": provider.client_certificate_encrypted,
    }
    return ", ".join(name for name, secret in held.items() if secret)
