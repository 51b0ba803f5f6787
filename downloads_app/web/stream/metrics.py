"""Prometheus metrics of the streams, summed over the processes.

The processes share files in PROMETHEUS_MULTIPROC_DIR, which gunicorn.conf.py sets before this is imported.
"""

import os
from collections import defaultdict, deque
from contextlib import suppress

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST

OPENED = Counter("downloads_streams_opened", "Streams opened")
CLOSED = Counter("downloads_streams_closed", "Streams closed", ["reason"])
REFUSED = Counter("downloads_streams_refused", "Streams refused", ["reason"])
OPEN = Gauge("downloads_streams_open", "Streams open now", multiprocess_mode="livesum")
EVENTS = Counter("downloads_stream_events", "Events sent")
SENT_BYTES = Counter("downloads_stream_bytes", "Bytes of events sent, as they go over the connection", unit="bytes")
SENDERS = Gauge(
    "downloads_stream_senders", "Processes that send streams' events so", ["sender"], multiprocess_mode="livesum"
)
LATENESS = Histogram(
    "downloads_stream_tick_lateness_seconds",
    "How late ticks are served",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
REFRESH = Histogram(
    "downloads_snapshot_refresh_seconds",
    "How long a read of what changed takes",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)


class _Tally:
    """Collects frequent counts, and passes them on about once a second.

    Each inc() costs a system call. And code that runs seldom is not in the CPU's cache, so one batch is quicker.
    """

    AT_MOST = 1000

    def __init__(self) -> None:
        self._kept: deque[tuple[Counter | Histogram, float]] = deque()  # its append and popleft are safe for threads

    def keep(self, metric: Counter | Histogram, amount: float) -> None:
        self._kept.append((metric, amount))
        if len(self._kept) >= self.AT_MOST:
            self.pass_on()

    def pass_on(self) -> None:
        sums: dict[Counter, float] = defaultdict(float)
        with suppress(IndexError):
            while True:
                metric, amount = self._kept.popleft()
                if isinstance(metric, Histogram):
                    metric.observe(amount)
                else:
                    sums[metric] += amount
        for counter, amount in sums.items():
            counter.inc(amount)


_tally = _Tally()


def count_opened() -> None:
    """Count a stream that began."""
    _tally.keep(OPENED, 1)
    OPEN.inc()


def count_closed(reason: str) -> None:
    """Count a stream that ended."""
    _tally.pass_on()
    CLOSED.labels(reason).inc()
    OPEN.dec()


def count_refused(reason: str) -> None:
    """Count a request that got no stream."""
    REFUSED.labels(reason).inc()


def count_sent(events: int, sent_bytes: int) -> None:
    """Count events and bytes. The later parts of an event that was sent in parts count as bytes only (`events=0`)."""
    if events:
        _tally.keep(EVENTS, events)
    if sent_bytes:
        _tally.keep(SENT_BYTES, sent_bytes)


def observe_lateness(seconds: float) -> None:
    """Note how late a tick was."""
    _tally.keep(LATENESS, seconds)


def observe_refresh(seconds: float) -> None:
    """Note how long a read of the snapshot took. There is one read a second while any stream is open."""
    REFRESH.observe(seconds)
    _tally.pass_on()


_sender: str | None = None


def show_sender(name: str) -> None:
    """Say how this process hands events to the kernel."""
    global _sender
    if _sender is not None:
        SENDERS.labels(_sender).set(0)
    _sender = name
    SENDERS.labels(name).set(1)


def render() -> bytes:
    """Return all processes' metrics in Prometheus' text format."""
    _tally.pass_on()
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library has no types here
    return generate_latest(registry)
