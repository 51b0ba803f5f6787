"""What `/metrics` tells of workers and queue: read from the database by a thread, for which a scrape waits a moment.

docs/metrics.md describes each metric. While the database does not answer, `downloads_database_up` is 0 and the others
are left out: Prometheus shows no old figures as if they were of now.
"""

import logging
import threading
from collections.abc import Iterator

from flask import Flask
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from downloads_app.config import current_settings
from downloads_app.database_urls import is_sqlite
from downloads_app.per_app import PerApp, present_app
from downloads_app.services.database.autocommit import own_connection
from downloads_app.services.metrics import backlog, reading
from downloads_app.services.metrics.backlog import Backlog
from downloads_app.services.metrics.reading import Reading
from downloads_app.services.metrics.tally import NO_BOUND, WAIT_BUCKETS, Count
from downloads_app.web.offload import offload

WAIT_SECONDS = 2.0
"""Prometheus gives up after 10 s, and the metrics of the streams need no database."""

log = logging.getLogger(__name__)


def render(lease_seconds: float) -> bytes:
    """Return the metrics of workers and queue in Prometheus' text format."""
    found = _READER.here().read(present_app(), lease_seconds)
    return offload(_encode, found)


class _Flight:
    """One read that is under way, and what it has found so far."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.reading: Reading | None = None


def _read(flight: _Flight, lease_seconds: float) -> None:
    flight.reading = reading.read(lease_seconds)
    if backlog.measure_if_due():
        flight.reading = reading.with_backlog(flight.reading)


def _read_apart(database_url: str, flight: _Flight, lease_seconds: float) -> None:
    """Read an SQLite file, which holds up its thread while it counts, and while somebody else writes."""
    with own_connection(database_url):
        _read(flight, lease_seconds)


class _Reader:
    """Reads for all scrapes of a process; those that come while a read is under way share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flight: _Flight | None = None

    def read(self, app: Flask, lease_seconds: float) -> Reading | None:
        """Return what the database says within WAIT_SECONDS; None if it says nothing."""
        with self._lock:
            flight = self._flight
            if flight is None:
                flight = _Flight()
                thread = threading.Thread(target=self._fly, args=(app, flight, lease_seconds), name="metrics")
                thread.daemon = True
                thread.start()
                self._flight = flight  # not before: where no thread can be started, the next scrape tries again
        flight.done.wait(WAIT_SECONDS)
        return flight.reading

    def _fly(self, app: Flask, flight: _Flight, lease_seconds: float) -> None:
        try:
            with app.app_context():
                if is_sqlite(url := current_settings().database_url):
                    offload(_read_apart, url, flight, lease_seconds)
                else:
                    _read(flight, lease_seconds)
        except SQLAlchemyError as exc:
            log.warning("cannot read the metrics of the queue: %s", type(exc).__name__)
        finally:
            with self._lock:
                self._flight = None
            flight.done.set()


_READER = PerApp(_Reader)


def _encode(found: Reading | None) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Collector(found))
    return generate_latest(registry)


class _Collector(Collector):
    """Hands a reading to prometheus_client."""

    def __init__(self, found: Reading | None) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        is_up = self._found is not None
        yield GaugeMetricFamily("downloads_database_up", "Whether the database answered this scrape", value=is_up)
        if self._found is not None:
            yield from _show_workers(self._found)
            yield from _show_counts(self._found)
            if self._found.backlog is not None:
                yield from _show_backlog(self._found.backlog)


def _show_workers(found: Reading) -> Iterator[Metric]:
    workers = sum(host.workers for host in found.hosts)
    slots = sum(host.concurrency for host in found.hosts)
    yield GaugeMetricFamily("downloads_workers", "Workers that spoke within a lease", value=workers)
    yield GaugeMetricFamily("downloads_worker_slots", "Downloads that these may run at a time", value=slots)
    free = GaugeMetricFamily("downloads_disk_free_bytes", "Free room in DOWNLOADS_DIR", labels=["host"])
    size = GaugeMetricFamily("downloads_disk_size_bytes", "Size of that filesystem", labels=["host"])
    for host in found.hosts:
        if host.disk_free_bytes is not None and host.disk_size_bytes is not None:
            free.add_metric([host.name], host.disk_free_bytes)
            size.add_metric([host.name], host.disk_size_bytes)
    yield from (free, size)


_COUNTERS = (
    (Count.RECEIVED_BYTES, "downloads_received_bytes", "Bytes that came from providers", ()),
    (Count.COMPLETED, "downloads_completed", "Downloads that were completed", ()),
    (Count.FAILURES, "downloads_failures", "Downloads that failed", ("cause",)),
    (Count.RETRIES, "downloads_retries", "Starts that failed and are made again later", ("cause",)),
)


def _show_counts(found: Reading) -> Iterator[Metric]:
    for count, name, text, labels in _COUNTERS:
        family = CounterMetricFamily(name, text, labels=["provider", *labels])
        for (counted, provider, label), value in sorted(found.counts.items()):
            if counted == count:
                family.add_metric([provider, label] if labels else [provider], value)
        yield family
    takeovers = found.counts.get((Count.TAKEOVERS, "", ""), 0)
    text = "Downloads that were taken from a worker which was not heard of for a lease"
    yield CounterMetricFamily("downloads_lease_takeovers", text, value=takeovers)
    yield _show_waits(found)


def _show_waits(found: Reading) -> Metric:
    buckets, total = [], 0.0
    for bound in (*(f"{bound:g}" for bound in WAIT_BUCKETS), NO_BOUND):
        total += found.counts.get((Count.WAITS, "", bound), 0)
        buckets.append((bound, total))
    seconds = found.counts.get((Count.WAITED_SECONDS, "", ""), 0)
    text = "From when a download was queued to its first start"
    return HistogramMetricFamily("downloads_queue_wait_seconds", text, buckets=buckets, sum_value=seconds)


def _show_backlog(found: Backlog) -> Iterator[Metric]:
    yield GaugeMetricFamily("downloads_queue_age_seconds", "How old these figures are", value=found.age_seconds)
    statuses = GaugeMetricFamily("downloads_by_status", "Downloads, at most 100000 of a status", labels=["status"])
    waiting = GaugeMetricFamily("downloads_waiting", "Pending downloads by why they wait", labels=["cause"])
    for family, amounts in ((statuses, found.statuses), (waiting, found.waiting)):
        for label, amount in amounts.items():
            family.add_metric([label], amount)
    running = GaugeMetricFamily("downloads_running", "Downloads that workers hold", labels=["provider"])
    speed = GaugeMetricFamily("downloads_speed_bytes_per_second", "Their speed together", labels=["provider"])
    for each in found.running:
        running.add_metric([each.provider], each.downloads)
        speed.add_metric([each.provider], each.bytes_per_second)
    yield from (statuses, waiting, running, speed)
