"""The providers: each answers, through its proxy and with its authority, and its secrets can be read."""

from collections.abc import Iterator

from downloads_app.cli.doctor.finding import Finding, fine, wrong
from downloads_app.cli.patience import ending_at_ctrl_c
from downloads_app.config import Settings
from downloads_app.errors import Conflict, DownloadsError
from downloads_app.services.database.session import give_connection_back
from downloads_app.services.providers import advice, catalog


def check_providers(settings: Settings) -> Iterator[Finding]:
    """Ask each provider that is not paused whether it answers as its kind should."""
    reached = []
    for provider in catalog.list_providers():
        try:
            access = catalog.access_of(settings, provider)
        except Conflict as exc:
            yield wrong("providers", f"{provider.name}: {exc.message}", "bring back the provider-key of INSTANCE_DIR")
            continue
        if provider.paused_at is None:
            reached.append((provider.name, provider.kind, access))
    give_connection_back()  # no connection is held while the network takes its time
    for name, kind, access in reached:
        way = " through its proxy" if access.proxy_url else ""
        try:
            with ending_at_ctrl_c():
                catalog.check_remote(kind, access)
        except DownloadsError as exc:
            yield wrong("providers", f"{name} does not answer{way}: {exc.message}", advice.advise(name, access, exc))
        else:
            yield fine("providers", f"{name} answers{way}")
