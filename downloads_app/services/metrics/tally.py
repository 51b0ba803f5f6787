"""What workers count: in memory first, and with each heartbeat added to what all workers have counted.

A killed worker loses the counts since its last heartbeat. If the connection breaks after the database has added them,
they are added once more: the counts are for watching, not for accounting.
"""

import enum
import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import delete, select

from downloads_app.models import MetricCount, Provider
from downloads_app.per_app import PerApp
from downloads_app.services.database.autocommit import execute_alone
from downloads_app.services.database.inserts import insert_into

WAIT_BUCKETS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0)
"""Upper bounds in seconds. What waited longer is in a last bucket without one."""
NO_BOUND = "+Inf"


class Count(enum.StrEnum):
    """The names of what is counted."""

    RECEIVED_BYTES = "received_bytes"
    COMPLETED = "completed"
    FAILURES = "failures"
    RETRIES = "retries"
    TAKEOVERS = "takeovers"
    WAITS = "waits"
    """By the bucket of the wait; each wait counts in one bucket."""
    WAITED_SECONDS = "waited_seconds"


Key = tuple[str, str, str]
"""Name, provider, label."""


class Tally:
    """The counts of one worker process that are not in the database yet. Its threads may count at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[Key, float] = defaultdict(float)

    def count(self, name: Count, amount: float = 1, *, provider: str = "", label: str = "") -> None:
        """Count something."""
        with self._lock:
            self._sums[name.value, provider, str(label)] += amount

    def observe_wait(self, seconds: float) -> None:
        """Count a download's wait for its first start."""
        place = bisect_left(WAIT_BUCKETS, seconds)
        bound = f"{WAIT_BUCKETS[place]:g}" if place < len(WAIT_BUCKETS) else NO_BOUND
        self.count(Count.WAITS, label=bound)
        self.count(Count.WAITED_SECONDS, seconds)

    def store(self) -> None:
        """Add the counts to the database's. If that fails, they are kept for the next time."""
        with self._lock:
            taken, self._sums = self._sums, defaultdict(float)
        if not taken:
            return
        try:
            _add(taken)
        except BaseException:
            with self._lock:
                for key, amount in taken.items():
                    self._sums[key] += amount
            raise


TALLY = PerApp(Tally)


def read_counts() -> dict[Key, float]:
    """Return what all workers have counted."""
    rows = execute_alone(select(MetricCount.name, MetricCount.provider, MetricCount.label, MetricCount.value))
    return {(row.name, row.provider, row.label): row.value for row in rows}


def remove_unknown() -> None:
    """Remove the counts of providers that are gone, or have another name now."""
    known = select(Provider.name)
    execute_alone(delete(MetricCount).where(MetricCount.provider != "", MetricCount.provider.not_in(known)))


def _add(amounts: Mapping[Key, float]) -> None:
    """Add to the rows in one order in all workers, so that two of them never wait for each other."""
    rows = [
        {"name": name, "provider": provider, "label": label, "value": amount}
        for (name, provider, label), amount in sorted(amounts.items())
    ]
    adding = insert_into(MetricCount).values(rows)
    keys = [MetricCount.name, MetricCount.provider, MetricCount.label]
    added = {"value": MetricCount.value + adding.excluded.value}
    execute_alone(adding.on_conflict_do_update(index_elements=keys, set_=added))
