"""How a provider's fields are written into its row: each is checked, secrets are encrypted, contradictions refused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from downloads_app.config import Settings
from downloads_app.errors import InvalidInput
from downloads_app.models import Provider
from downloads_app.services.providers import vault
from downloads_app.services.providers.address_lists import check_address_list
from downloads_app.services.providers.fields import (
    check_connections,
    check_proxy_url,
    check_region,
    check_url,
    needs_url,
)
from downloads_app.services.providers.secrets import (
    check_allow_hosts,
    check_client_certificate,
    check_header_name,
    check_header_value,
    check_password,
    check_token,
    check_username,
)
from downloads_app.sources.registry import find_signing_region, trusts_named_hosts
from downloads_app.sources.route import find_origin

_PLAIN: dict[str, Callable[[Any], object]] = {
    "url": check_url,
    "allow_private_network": bool,
    "allow_hosts": check_allow_hosts,
    "max_connections": check_connections,
    "ca_file": lambda path: path or None,
    "username": check_username,
    "header_name": check_header_name,
    "region": check_region,
}
_SECRET: dict[str, Callable[[str], str]] = {
    "token": check_token,
    "password": check_password,
    "header_value": check_header_value,
    "client_certificate": check_client_certificate,
    "proxy_url": check_proxy_url,
    "address_list": check_address_list,
}
"""What is stored encrypted, and never read back; empty means none."""
SECRETS = frozenset(_SECRET) - {"address_list"}
"""The names of secrets; a list of addresses is stored like one, since addresses may hold signatures."""
ENCRYPTED_COLUMNS = tuple(f"{name}_encrypted" for name in _SECRET)
_SHOWN = ("token", "username", "password", "header_name", "header_value", "client_certificate")
"""The values that are sent to a provider. A proxy gets only its own password."""


def _column(field: str) -> str:
    return f"{field}_encrypted" if field in _SECRET else field


def assign(settings: Settings, provider: Provider, changes: Mapping[str, Any]) -> None:
    """Write fields by their names; raises InvalidInput for one that is unfit, or that cannot be changed."""
    changes = dict(changes)
    if changes.get("address_list"):
        base_url = changes.get("url") or provider.url or ""
        changes["address_list"] = check_address_list(changes["address_list"], base_url)
    for name, value in changes.items():
        if name in _PLAIN:
            setattr(provider, name, _PLAIN[name](value))
        elif name in _SECRET:
            setattr(provider, _column(name), vault.encrypt(settings, _SECRET[name](value)) if value else None)
        else:
            raise InvalidInput(f"A provider's {name} cannot be changed", {name: "cannot be changed"})


@dataclass(frozen=True, slots=True)
class Receivers:
    """The fields that decide who can read a provider's secrets."""

    way: tuple[object, ...]
    hosts: frozenset[str]

    @classmethod
    def of(cls, provider: Provider) -> Self:
        """Read them from a provider's row."""
        way = (find_origin(provider.url), provider.proxy_url_encrypted, provider.ca_file)
        return cls(way, frozenset(provider.allow_hosts if trusts_named_hosts(provider.kind) else ()))

    def has_others(self, before: "Receivers") -> bool:
        """Whether somebody can read the secrets now who could not `before`."""
        return self.way != before.way or not self.hosts <= before.hosts


def forget_secrets(provider: Provider, *, but: Mapping[str, Any]) -> None:
    """Remove the values that are sent to the provider, except those that `but` sets again."""
    for name in _SHOWN:
        if not but.get(name):
            setattr(provider, _column(name), None)


def check_together(provider: Provider) -> None:
    """Refuse fields that contradict each other, or the provider's kind; raises InvalidInput."""
    _check_secrets(provider)
    _check_kind(provider)


def _check_secrets(provider: Provider) -> None:
    has_own = (provider.header_name or "").lower() == "authorization"
    if sum((bool(provider.token_encrypted), bool(provider.username), has_own)) > 1:
        text = "Only one of a token, a user name and a header Authorization can be sent"
        raise InvalidInput(text, {"token": "one too many"})
    if provider.password_encrypted and not provider.username:
        raise InvalidInput("A password needs a user name", {"username": "missing"})
    if bool(provider.header_name) != bool(provider.header_value_encrypted):
        raise InvalidInput("A header needs a name and a value", {"header_value": "name and value belong together"})
    if not provider.url and any(getattr(provider, _column(name)) for name in _SHOWN):
        raise InvalidInput("Secrets go to the provider's own address only: give it a URL", {"url": "missing"})


def _check_kind(provider: Provider) -> None:
    needs_list = not needs_url(provider.kind)
    if not provider.url and not needs_list:
        raise InvalidInput("This cannot be a provider's URL: it is empty", {"url": "missing"})
    if needs_list != bool(provider.address_list_encrypted):
        fault = "needs a list of addresses" if needs_list else "has no list of addresses"
        raise InvalidInput(f"Kind {provider.kind} {fault}", {"address_list": fault})
    is_signed = find_signing_region(provider.kind, provider.url, provider.region) is not None
    if provider.region and not is_signed:
        raise InvalidInput(f"Kind {provider.kind} has no regions", {"region": "not for this kind"})
    if is_signed and provider.username and not provider.password_encrypted:
        raise InvalidInput("An access key needs its secret key as the password", {"password": "missing"})
