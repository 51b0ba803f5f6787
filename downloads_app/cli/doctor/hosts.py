"""The hosts of a database that has several: one takes writes, the others follow, and nothing written is lost."""

from collections.abc import Iterator

from downloads_app import database_urls
from downloads_app.cli.doctor.finding import Finding, fine, note, wrong
from downloads_app.config import Settings
from downloads_app.services.inspection import hosts
from downloads_app.services.inspection.hosts import HostState


def check_hosts(settings: Settings) -> Iterator[Finding]:
    """Ask each of several hosts of PostgreSQL."""
    if settings.uses_sqlite or len(database_urls.hosts_of(settings.database_url)) == 1:
        return
    states = hosts.examine(settings.database_url)
    yield from _judge(states)


def _judge(states: list[HostState]) -> Iterator[Finding]:
    silent = [state.name for state in states if not state.answers]
    writers = [state for state in states if state.takes_writes]
    followers = [state.name for state in states if state.answers and not state.takes_writes]
    if silent:
        text = f"{' and '.join(silent)} does not answer: if another host fails, nothing takes its place"
        yield wrong("database", text, "start it as a replica of the host that takes writes")
    if len(writers) > 1:
        both = " and ".join(state.name for state in writers)
        how = "stop the one that was the primary before, and make it a replica anew (pg_rewind, pg_basebackup)"
        yield wrong("database", f"{both} take writes: what one has, the other has not", how)
    elif writers and followers and not writers[0].followers:
        text = f"nothing follows {writers[0].name}: {' and '.join(followers)} falls behind"
        yield wrong("database", text, "see primary_conninfo and the log of the replica")
    elif writers and followers:
        yield fine("database", f"{writers[0].name} takes writes, {' and '.join(followers)} follows it")
        if not writers[0].waits_for_replicas:
            text = "a commit does not wait for the replica: a failover may undo what was written last"
            yield note("database", text, "set synchronous_standby_names on the host that takes writes")
