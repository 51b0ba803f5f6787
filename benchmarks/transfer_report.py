"""The transfers' results: samples of each tool, and the Markdown tables made of them."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

MIB = 1 << 20
LEVEL = 1.1
"""Who takes at most so many times as long as the first is level with it: the rounds differ by as much."""


@dataclass(frozen=True)
class Sample:
    """One run: seconds, seconds of CPU, peak memory in bytes; `wall` is None where it did not end right."""

    wall: float | None
    cpu: float = 0.0
    memory: int = 0


@dataclass(frozen=True)
class Row:
    """All runs of one tool on one line."""

    line: str
    files: str
    tool: str
    samples: list[Sample]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def walls(self) -> list[float]:
        return [sample.wall for sample in self.samples if sample.wall is not None]


HEAD = (
    "| line | files | tool | wall s (lowest to highest) | CPU s | memory MiB |\n"
    "| --- | --- | --- | ---: | ---: | ---: |"
)


def render_row(row: Row, time_limit_seconds: float) -> str:
    """Return a line of the table: medians, and between which ends the runs lie."""
    place = f"| {row.line} | {row.files} | {row.tool} |"
    walls = row.walls
    if not walls:
        return f"{place} *not within {time_limit_seconds:.0f} s* | | |"
    wall = f"{statistics.median(walls):.2f}"
    if len(walls) > 1:
        wall += f" ({min(walls):.2f} to {max(walls):.2f})"
    cpu = statistics.median(sample.cpu for sample in row.samples if sample.wall is not None)
    memory = max(sample.memory for sample in row.samples) / MIB
    return f"{place} {wall} | {cpu:.2f} | {memory:.0f} |"


def render_places(rows: Sequence[Row]) -> str:
    """Return a table of who is first on each line; what is within a tenth of the first is level with it."""
    lines = ["| line | files | first | level with it | ours against the first |", "| --- | --- | --- | --- | ---: |"]
    for place in dict.fromkeys((row.line, row.files) for row in rows):
        medians = {
            row.tool: statistics.median(row.walls) for row in rows if (row.line, row.files) == place and row.walls
        }
        if not medians:
            continue
        first = min(medians, key=lambda tool: medians[tool])
        level = [tool for tool in medians if tool != first and medians[tool] <= medians[first] * LEVEL]
        ours = next((f"{medians[tool] / medians[first]:.2f}" for tool in medians if tool.startswith("ours")), "–")
        lines.append(f"| {place[0]} | {place[1]} | {first} | {', '.join(level) or '–'} | {ours} |")
    return "\n".join(lines)


def render_head(results: dict[str, Any]) -> str:
    """Return where, when and how the figures were made."""
    machine = results["machine"]
    return (
        f"{results['began_at'][:10]}, {machine['cores']} cores ({machine['cpu']}), {machine['memory_gib']} GiB, "
        f"Linux {machine['kernel']}, Python {machine['python']}; server and tool on the same cores, "
        f"written to {results['folder']}. `{results['command']}`"
    )


def render_noise(milliseconds: list[float]) -> str:
    """Return how steady the machine was: a fixed loop, timed before each run."""
    return (
        f"Noise: a fixed loop took {statistics.median(milliseconds):.0f} ms before a run "
        f"({min(milliseconds):.0f} to {max(milliseconds):.0f})."
    )
