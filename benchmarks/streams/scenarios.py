"""The scenarios: growing numbers of streams on every server, and further ones for this server alone."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from benchmarks.streams.database import CROWD, MULTITUDE, VIEWERS, make_tokens
from benchmarks.streams.measuring import Observer, Row
from benchmarks.streams.servers import NAIVE, OURS, Contender
from benchmarks.streams.stage import Size, Stage
from benchmarks.streams.swarm import Swarm

FIRST_EVENTS_SECONDS = 15
"""Seconds after the ramp that we wait for the first events of all streams; then the window begins anyway."""
SETTLE_SECONDS = 3
GENTLE_RATE = 200
"""Streams opened a second in scenarios that do not measure the opening, and whose new users have many rows."""


def climb(stage: Stage, contender: Contender, turn: int) -> Iterator[Row]:
    """Measure one server at growing numbers of streams."""
    size = stage.size
    steps = size.naive_ladder if contender is NAIVE else size.ladder
    with stage.act(contender, VIEWERS, steps[-1]) as (_server, load, observer):
        for streams, before in zip(steps, (0, *steps), strict=False):
            yield _measure_at(load, observer, "ladder", turn, streams, streams - before, size)


def hold_two_processes(stage: Stage) -> Iterator[Row]:
    """Measure this server with two worker processes."""
    yield from _hold(stage, "two processes", stage.size.two_processes, 2, stage.size)


def hold_four_processes(stage: Stage) -> Iterator[Row]:
    """Measure this server with four worker processes and as many streams as they hold.

    They are opened half as fast, because this scenario does not measure a storm of new streams.
    """
    size = replace(stage.size, rate=stage.size.rate // 2)
    yield from _hold(stage, "four processes", stage.size.four_processes, 4, size)


def _hold(stage: Stage, scenario: str, streams: int, workers: int, size: Size) -> Iterator[Row]:
    with stage.act(OURS, VIEWERS, streams, workers) as (_server, load, observer):
        yield _measure_at(load, observer, scenario, 0, streams, streams, size)


def weather_storm(stage: Stage) -> Iterator[Row]:
    """Open many streams beside open ones, in two processes: gaps are of the old, first events of the new."""
    size = stage.size
    with stage.act(OURS, VIEWERS, size.storm_open, 2) as (server, load, observer):
        load.open(size.storm_open, size.rate)
        load.wait_until_fed(size.storm_open, size.storm_open / size.rate + FIRST_EVENTS_SECONDS)
        time.sleep(SETTLE_SECONDS)
        fresh = make_tokens(stage.database(VIEWERS).user_ids)  # all have signed in again: each token must be verified
        with stage.swarm(server, fresh, size.storm_new) as storm:
            storm.open(size.storm_new, size.rate)
            row = observer.measure("storm", 0, load.report(), size.storm_new / size.rate + 2)
            ramp = storm.wait_until_fed(size.storm_new, FIRST_EVENTS_SECONDS)
        yield replace(
            row,
            lost=row.lost + ramp.closed,
            late=ramp.waiting,
            first_p50=ramp.firsts.quantile(0.5),
            first_p99=ramp.firsts.quantile(0.99),
            cpu_us_per_event=None,  # it would contain the cost of opening the new streams
            rss_kb_per_stream=(row.rss_kb_per_stream or 0) * size.storm_open / (size.storm_open + size.storm_new),
        )


def show_admin_everything(stage: Stage) -> Iterator[Row]:
    """Let an admin watch 10,000 active downloads, beside users who watch their own; a row for each."""
    size = replace(stage.size, rate=GENTLE_RATE)
    with stage.act(OURS, CROWD, size.watchers) as (server, load, observer):
        admin_tokens = make_tokens([stage.database(CROWD).admin_id])
        with stage.swarm(server, admin_tokens, 1) as admin:
            load.open(size.watchers, size.rate)
            admin.open(1, 1)
            admin_ramp = admin.wait_until_fed(1, FIRST_EVENTS_SECONDS)
            ramp = load.wait_until_fed(size.watchers, size.watchers / size.rate + FIRST_EVENTS_SECONDS)
            time.sleep(SETTLE_SECONDS)
            admin.mark()
            began = time.monotonic()
            row = observer.measure("beside an admin", 0, ramp, size.window_seconds)
            seen, seconds = admin.report(), time.monotonic() - began
        yield row
        yield replace(
            row,
            scenario="an admin with 10,000 downloads",
            streams=1,
            lost=seen.closed,
            late=seen.waiting,
            gap_p50=seen.gaps.quantile(0.5),
            gap_p99=seen.gaps.quantile(0.99),
            gap_max=seen.gaps.most,
            first_p50=admin_ramp.firsts.quantile(0.5),
            first_p99=admin_ramp.firsts.quantile(0.99),
            events=seen.events,
            cpu_us_per_event=None,
            cpu_percent=None,
            rss_kb_per_stream=None,
            queries_per_second=None,
            reads_per_second=None,
            postgres_percent=None,
            mb_per_second=seen.bytes / 1e6 / seconds,
        )


def hold_many_rows(stage: Stage) -> Iterator[Row]:
    """Measure this server among 100,000 active downloads, all of them watched."""
    size = replace(stage.size, rate=GENTLE_RATE)
    with stage.act(OURS, MULTITUDE, size.watchers) as (_server, load, observer):
        yield _measure_at(load, observer, "100,000 active downloads", 0, size.watchers, size.watchers, size)


EXTRAS: dict[str, Callable[[Stage], Iterator[Row]]] = {
    "two": hold_two_processes,
    "four": hold_four_processes,
    "storm": weather_storm,
    "admin": show_admin_everything,
    "rows": hold_many_rows,
}


def _measure_at(load: Swarm, observer: Observer, scenario: str, turn: int, streams: int, more: int, size: Size) -> Row:
    """Open more streams, until there are so many; let them settle; measure."""
    load.mark()
    load.open(more, size.rate)
    ramp = load.wait_until_fed(streams, more / size.rate + FIRST_EVENTS_SECONDS)
    time.sleep(SETTLE_SECONDS)
    return observer.measure(scenario, turn, ramp, size.window_seconds)
