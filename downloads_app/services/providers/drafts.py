"""What it would take to reach a provider that is not saved, or not saved like this: for a test before saving."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import inspect

from downloads_app.config import Settings
from downloads_app.models import Provider
from downloads_app.services.names import check_folder_name
from downloads_app.services.providers.fields import check_kind
from downloads_app.services.providers.form import Receivers, assign, check_together, forget_secrets


def draft_provider(settings: Settings, name: str, kind: str, url: str | None = None, **fields: Any) -> Provider:
    """Return a row for these fields that no session knows; raises InvalidInput."""
    provider = Provider(name=check_folder_name(name, "provider"), kind=check_kind(kind))
    assign(settings, provider, {"url": url or "", "allow_private_network": False, "allow_hosts": [], **fields})
    check_together(provider)
    return provider


def draft_changes(settings: Settings, provider: Provider, changes: Mapping[str, Any]) -> Provider:
    """Return a copy with `changes` that no session knows, its secrets forgotten where saving would forget them."""
    copy = Provider(**{column.key: getattr(provider, column.key) for column in inspect(Provider).column_attrs})
    change(settings, copy, changes)
    return copy


def change(settings: Settings, provider: Provider, changes: Mapping[str, Any]) -> None:
    """Write changes into a row; a change that would send its secrets to somebody else removes them."""
    before = Receivers.of(provider)
    assign(settings, provider, changes)
    if Receivers.of(provider).has_others(before):
        forget_secrets(provider, but=changes)
    check_together(provider)
