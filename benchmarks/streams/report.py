"""The results as Markdown tables."""

from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.streams import targets
from benchmarks.streams.measuring import Row
from benchmarks.streams.servers import CONTENDERS

TITLES = {contender.name: contender.title for contender in CONTENDERS}
Figure = Callable[[Row], float | int | None]


def render(results: dict[str, Any], rows: list[Row]) -> str:
    """Return everything: where and when, the comparison, this server's further rows, what was expected, the noise."""
    machine = results["machine"]
    head = (
        f"{results['began_at'][:10]}, {machine['cores']} cores ({machine['cpu']}), {machine['memory_gib']} GiB, "
        f"Linux {machine['kernel']}, Python {machine['python']}; load generator and PostgreSQL on the same cores. "
        f"`{results['command']}` took {results['minutes']} minutes."
    )
    ladder = [row for row in rows if row.scenario == "ladder"]
    extras = [row for row in rows if row.scenario != "ladder"]
    parts = [head, _comparison(ladder), _further(extras), targets.render(rows), _noise(rows)]
    return "\n\n".join(part for part in parts if part)


def _comparison(rows: list[Row]) -> str:
    """The ladder: a line for each server and number of streams; where rounds differ, from the lowest to the highest."""
    if not rows:
        return ""
    lines = [
        "| server, one process | streams | tick gap p50 s | p99 s | max s | first event p50 s | p99 s | "
        "CPU µs/event | CPU % of a core | KB/stream | queries/s | PostgreSQL % | lost |",
        "| --- |" + " ---: |" * 12,
    ]
    for contender in CONTENDERS:
        mine = [row for row in rows if row.server == contender.name]
        for streams in sorted({row.streams for row in mine}):
            same = [row for row in mine if row.streams == streams]
            cells = [TITLES[contender.name], f"{streams:,}", *_figures(same)]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _further(rows: list[Row]) -> str:
    """Return the table of the scenarios that only this server runs."""
    if not rows:
        return ""
    lines = [
        "| this server | processes | streams | tick gap p50 s | p99 s | max s | first event p50 s | p99 s | "
        "CPU µs/event | CPU % of a core | KB/stream | queries/s | PostgreSQL % | lost | refresh ms | MB/s |",
        "| --- |" + " ---: |" * 15,
    ]
    for row in rows:
        cells = [row.scenario, str(row.processes), f"{row.streams:,}", *_figures([row])]
        cells += [_span([row], lambda row: row.refresh_ms, 1), _span([row], lambda row: row.mb_per_second, 1)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _figures(rows: list[Row]) -> list[str]:
    return [
        _span(rows, lambda row: row.gap_p50, 3),
        _span(rows, lambda row: row.gap_p99, 3),
        _span(rows, lambda row: row.gap_max, 2),
        _span(rows, lambda row: row.first_p50, 3),
        _span(rows, lambda row: row.first_p99, 3),
        _span(rows, lambda row: row.cpu_us_per_event, 1),
        _span(rows, lambda row: row.cpu_percent, 0),
        _span(rows, lambda row: row.rss_kb_per_stream, 0),
        _span(rows, lambda row: row.queries_per_second, 1),
        _span(rows, lambda row: row.postgres_percent, 0),
        _span_lost(rows),
    ]


def _span_lost(rows: list[Row]) -> str:
    """Those closed and, after a plus, those without an event when the window began, if any; some may be both."""
    late = _span(rows, lambda row: row.late, 0)
    return _span(rows, lambda row: row.lost, 0) + ("" if late == "0" else f" + {late}")


def _span(rows: Iterable[Row], figure: Figure, digits: int) -> str:
    """Return a figure of one or several rounds: `12`, or `12–14` where they differ."""
    shown = [f"{value:,.{digits}f}" for value in sorted(v for v in map(figure, rows) if v is not None)]
    if not shown:
        return "–"
    return shown[0] if shown[0] == shown[-1] else f"{shown[0]}–{shown[-1]}"


def _noise(rows: list[Row]) -> str:
    calibrations = sorted(row.calibration_ms for row in rows)
    return (
        f"Noise: a fixed loop, timed before each window, took {calibrations[0]:.1f} to {calibrations[-1]:.1f} ms "
        f"(median {calibrations[len(calibrations) // 2]:.1f}). During the windows all else on the machine took "
        f"{_span(rows, lambda row: row.other_percent, 0)} % of a core, the load generator at most "
        f"{max(row.load_percent for row in rows):.0f} %."
    )
