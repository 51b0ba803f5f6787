"""All that a scrape of `/metrics` needs of the database, in three cheap reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from downloads_app.services.metrics.backlog import Backlog, read_backlog
from downloads_app.services.metrics.tally import Key, read_counts
from downloads_app.services.queue import workers
from downloads_app.services.queue.workers import Host


@dataclass(frozen=True, slots=True)
class Reading:
    """What the database says now."""

    counts: Mapping[Key, float]
    hosts: Sequence[Host]
    backlog: Backlog | None
    """None if nobody has read the queue lately."""


def read(lease_seconds: float) -> Reading:
    """Return counts, living workers, and the last reading of the queue."""
    return Reading(read_counts(), workers.list_hosts(lease_seconds), read_backlog())


def with_backlog(reading: Reading) -> Reading:
    """Return a reading with the queue as it was read last."""
    return replace(reading, backlog=read_backlog())
