"""Prometheus metrics of the streams, summed over the processes.

The processes share files in PROMETHEUS_MULTIPROC_DIR, which gunicorn.conf.py sets before this is imported.
"""

import os

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
SENT_BYTES = Counter("downloads_stream_bytes", "Bytes of events sent", unit="bytes")
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


def count_opened() -> None:
    """Count a stream that began."""
    OPENED.inc()
    OPEN.inc()


def count_closed(reason: str) -> None:
    """Count a stream that ended."""
    CLOSED.labels(reason).inc()
    OPEN.dec()


def count_refused(reason: str) -> None:
    """Count a request that got no stream."""
    REFUSED.labels(reason).inc()


def count_sent(events: int, sent_bytes: int) -> None:
    """Count what was sent."""
    if events:
        EVENTS.inc(events)
        SENT_BYTES.inc(sent_bytes)


def observe_lateness(seconds: float) -> None:
    """Note how late a tick was."""
    LATENESS.observe(seconds)


def observe_refresh(seconds: float) -> None:
    """Note how long a read of the snapshot took."""
    REFRESH.observe(seconds)


def render() -> bytes:
    """Return all processes' metrics in Prometheus' text format."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library has no types here
    return generate_latest(registry)
