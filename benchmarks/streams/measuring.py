"""One measurement: what a server does in a settled window, seen from its clients, its processes and its database."""

import os
import time
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.streams.database import Database
from benchmarks.streams.processes import busy_seconds, calibrate, cpu_seconds, rss_bytes, tree
from benchmarks.streams.servers import Running
from benchmarks.streams.swarm import Report, Swarm


@dataclass(frozen=True)
class Row:
    """A line of the results. Times are seconds, None where there was nothing to measure."""

    scenario: str
    server: str
    round: int
    processes: int
    streams: int
    lost: int
    """Streams refused or closed by the server."""
    late: int
    """Streams that had no first event when the window began."""
    gap_p50: float | None
    gap_p99: float | None
    gap_max: float | None
    first_p50: float | None
    first_p99: float | None
    events: int
    cpu_us_per_event: float | None
    """The server's CPU time, user and system, of all its processes, per event received."""
    cpu_percent: float | None
    """The same as a share of one core."""
    rss_kb_per_stream: float | None
    """Growth of the resident memory since the server answered its first request."""
    queries_per_second: float | None
    """Transactions a second of all users of the database except the writer; with PostgreSQL's own vacuum."""
    reads_per_second: float | None
    """Reads of the snapshot, told by /metrics."""
    refresh_ms: float | None
    """How long a read of the snapshot took, on average, told by /metrics."""
    postgres_percent: float | None
    load_percent: float
    mb_per_second: float
    calibration_ms: float
    """A fixed loop's time just before: how fast the machine was."""
    other_percent: float
    """The share of one core, in per cent, that programs outside of the benchmark took."""

    def as_json(self) -> dict[str, Any]:
        """Return what the results file holds, without needless digits."""
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(self).items()}


@dataclass(frozen=True)
class _Counters:
    """Counters that only grow; the difference of two readings makes a rate."""

    at: float
    server: float
    postgres: float
    load: float
    other: float


class Observer:
    """Watches one running server under one swarm."""

    def __init__(self, server: Running, database: Database, load: Swarm) -> None:
        self._server = server
        self._database = database
        self._load = load
        self._empty_bytes = rss_bytes(tree(server.pid))

    def measure(self, scenario: str, turn: int, ramp: Report, seconds: float) -> Row:
        """Measure for so long; `ramp` is the load's report on how the streams came in."""
        calibration_ms = calibrate()
        asked, refreshes = time.monotonic(), self._server.refresh_totals()
        traffic = self._database.traffic()
        self._load.mark()
        before = self._count()
        time.sleep(seconds)
        after = self._count()
        report = self._load.report()
        elapsed = after.at - before.at
        queries = self._database.traffic().queries - traffic.queries
        reads, refresh_ms = self._refreshes_since(asked, refreshes)
        server_seconds = after.server - before.server
        return Row(
            scenario=scenario,
            server=self._server.contender.name,
            round=turn,
            processes=self._server.workers,
            streams=report.started,
            lost=report.closed,
            late=ramp.waiting,
            gap_p50=report.gaps.quantile(0.5),
            gap_p99=report.gaps.quantile(0.99),
            gap_max=report.gaps.most,
            first_p50=ramp.firsts.quantile(0.5),
            first_p99=ramp.firsts.quantile(0.99),
            events=report.events,
            cpu_us_per_event=server_seconds * 1e6 / report.events if report.events else None,
            cpu_percent=100 * server_seconds / elapsed,
            rss_kb_per_stream=(rss_bytes(tree(self._server.pid)) - self._empty_bytes) / 1024 / max(1, report.open),
            queries_per_second=queries / elapsed if self._server.contender.reads_database else None,
            reads_per_second=reads,
            refresh_ms=refresh_ms,
            postgres_percent=100 * (after.postgres - before.postgres) / elapsed,
            load_percent=100 * (after.load - before.load) / elapsed,
            mb_per_second=report.bytes / 1e6 / elapsed,
            calibration_ms=calibration_ms,
            other_percent=max(0.0, 100 * (after.other - before.other) / elapsed),
        )

    def _count(self) -> _Counters:
        """Read all counters; ours are this process, its children, and PostgreSQL."""
        at = time.monotonic()
        busy = busy_seconds()
        postgres = cpu_seconds(tree(self._database.postgres.pid))
        return _Counters(
            at=at,
            server=cpu_seconds(tree(self._server.pid)),
            postgres=postgres,
            load=self._load.cpu_seconds(),
            other=busy - postgres - cpu_seconds(tree(os.getpid())),
        )

    def _refreshes_since(self, asked: float, earlier: tuple[float, float] | None) -> tuple[float | None, float | None]:
        """Return how many reads of the snapshot there were a second, and how many ms one took."""
        elapsed, later = time.monotonic() - asked, self._server.refresh_totals()
        if earlier is None or later is None or later[1] == earlier[1]:
            return None, None
        seconds, reads = (after - before for after, before in zip(later, earlier, strict=True))
        return reads / elapsed, 1000 * seconds / reads
