"""The database: it answers, has this code's form, and its clock goes like ours. Then workers, leases and pauses."""

from collections.abc import Iterator

from sqlalchemy.exc import SQLAlchemyError

from downloads_app.cli.doctor.finding import Finding, fine, note, wrong
from downloads_app.cli.doctor.hosts import check_hosts
from downloads_app.cli.groups import explain_database
from downloads_app.cli.printing import format_count
from downloads_app.config import Settings
from downloads_app.services.database import migrations
from downloads_app.services.downloads.stuck import START_A_WORKER
from downloads_app.services.inspection import state
from downloads_app.services.providers import catalog
from downloads_app.services.queue import pauses, workers

MAX_CLOCK_SECONDS = 2.0
EMBEDDED = "; gunicorn (downloads-app run) brings one by itself, no other server does"


def check_database(settings: Settings) -> Iterator[Finding]:
    """Check that it answers and is migrated; then all that it can tell."""
    kind = "SQLite" if settings.uses_sqlite else "PostgreSQL"
    try:
        is_current = migrations.are_current()
    except SQLAlchemyError as exc:
        yield wrong(
            "database", explain_database(exc), "start it, or correct DATABASE_URL; the log of the service says more"
        )
        return
    if not is_current:
        yield wrong("database", f"{kind} answers, but has not this code's form", "downloads-app db upgrade")
        return
    if not state.takes_writes():
        how = "promote it, or let DATABASE_URL name the host that takes writes (or both)"
        yield wrong("database", f"{kind} answers, but takes no writes: it is a replica, or read-only", how)
        return
    yield fine("database", f"{kind} answers, and is migrated")
    for check in (check_hosts, check_clock, check_workers, check_leases, check_pauses):
        yield from check(settings)


def check_clock(_settings: Settings) -> Iterator[Finding]:
    """Compare the database's clock with this machine's: leases go by the one, tokens by the other."""
    ahead = state.measure_clock_difference()
    if abs(ahead) > MAX_CLOCK_SECONDS:
        how = "ahead of" if ahead > 0 else "behind"
        text = f"the database's clock is {abs(ahead):.0f} s {how} this machine's"
        yield wrong("clock", text, "let both keep time by NTP (timedatectl set-ntp true)")
    else:
        yield fine("clock", "the database's clock and this machine's agree")


def check_workers(settings: Settings) -> Iterator[Finding]:
    """Check that some worker speaks."""
    alive = [worker for worker in workers.list_workers(settings.lease_seconds) if worker.is_alive]
    if alive:
        places = sum(worker.concurrency for worker in alive)
        yield fine("workers", f"{len(alive)} alive, for {format_count(places, 'download')} at a time")
        return
    how = f"{START_A_WORKER}{EMBEDDED}" if settings.embedded_worker else START_A_WORKER
    yield wrong("workers", "no worker is alive, so every download waits", how)


def check_leases(settings: Settings) -> Iterator[Finding]:
    """Check that no download is held by a worker that is gone."""
    count = state.count_stale_leases(settings.lease_seconds)
    if count:
        text = f"{count} downloads are held by workers that are gone, and nobody takes them over"
        if count == 1:
            text = "1 download is held by a worker that is gone, and nobody takes it over"
        yield wrong("leases", text, "start a worker, or look into its log; downloads-app workers list")
    else:
        yield fine("leases", "no download is held by a worker that is gone")


def check_pauses(_settings: Settings) -> Iterator[Finding]:
    """Tell what is paused."""
    if pauses.queue_paused_at() is not None:
        yield note("queue", "the whole queue is paused", "downloads-app queue resume, when the maintenance is over")
    for provider in catalog.list_providers():
        if provider.paused_at is not None:
            advice = f"downloads-app providers resume {provider.name}"
            yield note("queue", f"provider {provider.name} is paused", advice)
