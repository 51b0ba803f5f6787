"""What was expected of this server, and whether the worst round of a run meets it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from benchmarks.streams.measuring import Row
from benchmarks.streams.servers import NAIVE, NCHAN, OURS, STARLETTE, STARLETTE_FAST, Contender

Figure = Callable[[Row], float | int | None]


@dataclass(frozen=True)
class Target:
    """A figure of some rows, and how large it may be at most (or at least)."""

    title: str
    scenario: str
    streams: int
    figure: Figure
    at_most: float
    digits: int = 1


def _reads(row: Row) -> float | None:
    return None if row.reads_per_second is None else row.reads_per_second / row.processes


ONE, FOUR, STORM = ("ladder", 15_000), ("four processes", 60_000), ("storm", 10_000)
TARGETS = [
    Target("15,000 streams in one process: CPU µs/event", *ONE, lambda row: row.cpu_us_per_event, 20),
    Target("… tick gap p99 s", *ONE, lambda row: row.gap_p99, 2.05, 3),
    Target("… KB/stream", *ONE, lambda row: row.rss_kb_per_stream, 25),
    Target("… reads/s", *ONE, _reads, 1),
    Target("60,000 in four: CPU µs/event", *FOUR, lambda row: row.cpu_us_per_event, 30),
    Target("… tick gap p99 s", *FOUR, lambda row: row.gap_p99, 2.05, 3),
    Target("… KB/stream", *FOUR, lambda row: row.rss_kb_per_stream, 25),
    Target("… reads/s and process", *FOUR, _reads, 1),
    Target("… lost", *FOUR, lambda row: row.lost + row.late, 0, 0),
    Target("15,000 connections at 1,000/s: first event p99 s", *STORM, lambda row: row.first_p99, 0.5, 3),
    Target("… tick gap p99 s of the 10,000 open before", *STORM, lambda row: row.gap_p99, 2.1, 3),
    Target(
        "an admin with 10,000 downloads: tick gap p99 s",
        *("an admin with 10,000 downloads", 1),
        lambda row: row.gap_p99,
        *(2.05, 3),
    ),
    Target(
        "100,000 active downloads: tick gap p99 s",
        *("100,000 active downloads", 2_000),
        lambda row: row.gap_p99,
        *(2.05, 3),
    ),
]
RATIOS: list[tuple[Contender, float]] = [(NCHAN, 1), (STARLETTE, 9), (STARLETTE_FAST, 9), (NAIVE, 60)]
"""How many times this server's CPU per event the others take at least, each at its largest number of streams."""


def render(rows: list[Row]) -> str:
    """Return a table of what was expected and what was measured; only of what these rows tell."""
    lines = [*filter(None, (_line(target, rows) for target in TARGETS)), *_ratio_lines(rows)]
    if not lines:
        return ""
    return "\n".join(["| expected of this server | | worst round | |", "| --- | ---: | ---: | --- |", *lines])


def _line(target: Target, rows: list[Row]) -> str | None:
    chosen = (row.scenario == target.scenario and row.streams == target.streams for row in rows)
    mine = [row for row, is_chosen in zip(rows, chosen, strict=True) if is_chosen and row.server == OURS.name]
    values = [value for value in map(target.figure, mine) if value is not None]
    if not values:
        return None
    worst = max(values)
    return _cells(target.title, f"≤ {target.at_most:g}", f"{worst:.{target.digits}f}", worst <= target.at_most)


def _ratio_lines(rows: Iterable[Row]) -> list[str]:
    lines = []
    ladder = [row for row in rows if row.scenario == "ladder"]
    is_full = any((row.scenario, row.streams) == ONE for row in ladder)
    ours = cpu_at_most_streams(ladder, OURS) if is_full else None
    for contender, at_least in RATIOS:
        theirs = cpu_at_most_streams(ladder, contender)
        if ours and theirs:
            title = f"CPU per event of {contender.title}, in this server's"
            ratio = theirs / ours
            lines.append(_cells(title, f"≥ {at_least:g} ×", f"{ratio:.2f} ×", ratio >= at_least))
    return lines


def _cells(title: str, bound: str, measured: str, is_met: bool) -> str:
    return f"| {title} | {bound} | {measured} | {'met' if is_met else '**missed**'} |"


def cpu_at_most_streams(rows: list[Row], contender: Contender) -> float | None:
    """Return the mean CPU per event of a server's rounds at its largest number of streams."""
    mine = [row for row in rows if row.server == contender.name]
    most = max((row.streams for row in mine), default=0)
    costs = [row.cpu_us_per_event for row in mine if row.streams == most and row.cpu_us_per_event]
    return sum(costs) / len(costs) if costs else None
