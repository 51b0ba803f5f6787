"""The plot: streams against the p99 tick gap and against CPU, for every server."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams.update({"svg.hashsalt": "streams", "svg.fonttype": "none", "font.size": 9})

from matplotlib import pyplot as plt  # noqa: E402 - the backend must be chosen first
from matplotlib.axes import Axes  # noqa: E402 - as above
from matplotlib.ticker import FuncFormatter, NullFormatter  # noqa: E402 - as above

from benchmarks.streams.measuring import Row  # noqa: E402 - as above
from benchmarks.streams.servers import CONTENDERS  # noqa: E402 - as above

COLORS = ("#0072b2", "#56b4e9", "#d55e00", "#cc79a7", "#009e73", "#444444")  # told apart by colour-blind readers too
MARKERS = "osDP^v"


def draw(rows: list[Row], path: Path) -> None:
    """Draw the ladder's rows into an SVG file: a line through the rounds' means, a bar over their range."""
    figure, (gaps, cpu) = plt.subplots(1, 2, figsize=(9.6, 4.2), layout="constrained")
    for contender, color, marker in zip(CONTENDERS, COLORS, MARKERS, strict=True):
        mine = [row for row in rows if row.scenario == "ladder" and row.server == contender.name]
        look: dict[str, Any] = {
            "color": color,
            "marker": marker,
            "label": contender.title,
            "markersize": 4.5,
            "linewidth": 1.4,
        }
        _plot(gaps, mine, "gap_p99", look)
        _plot(cpu, mine, "cpu_percent", look)
    gaps.set(ylabel="p99 gap between two events, s (2 is due)")
    cpu.set(ylabel="server's CPU, % of one core")
    for axes in (gaps, cpu):
        axes.set(xlabel="open streams", xscale="log", yscale="log")
        axes.set_xticks(sorted({row.streams for row in rows if row.scenario == "ladder"}))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _position: f"{value:,g}"))
            axis.set_minor_formatter(NullFormatter())
        axes.grid(alpha=0.3, linewidth=0.5)
        axes.spines[["top", "right"]].set_visible(False)
    most = max((row.gap_p99 or 0 for row in rows), default=0)
    gaps.set_yticks([seconds for seconds in (2, 2.2, 2.5, 3, 4, 6, 10, 15) if seconds <= max(2.5, most)])
    gaps.set_ylim(bottom=1.95)
    handles, labels = cpu.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _plot(axes: Axes, rows: list[Row], figure: str, look: dict[str, Any]) -> None:
    by_streams: dict[int, list[float]] = {}
    for row in rows:
        value = getattr(row, figure)
        if value is not None:
            by_streams.setdefault(row.streams, []).append(value)
    if not by_streams:
        return
    streams = sorted(by_streams)
    means = [sum(by_streams[number]) / len(by_streams[number]) for number in streams]
    below = [mean - min(by_streams[number]) for mean, number in zip(means, streams, strict=True)]
    above = [max(by_streams[number]) - mean for mean, number in zip(means, streams, strict=True)]
    axes.errorbar(streams, means, yerr=[below, above], capsize=2, **look)
