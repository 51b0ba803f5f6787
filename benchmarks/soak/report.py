"""The soak's result as Markdown tables."""

import statistics
from collections import defaultdict
from typing import Any


def render(result: dict[str, Any]) -> str:
    """Return how long, how much, each kind of fault, and the processes that lived through it."""
    return "\n\n".join((_head(result), _faults(result), _processes(result), _judgement(result)))


def _head(result: dict[str, Any]) -> str:
    return (
        f"{result['began_at'][:10]}, `{result['command']}`: "
        f"{result['minutes']:g} minutes, {result['streams']} streams, "
        f"{result['events']:,} events, {result['downloads']:,} downloads ({result['bytes'] / 1e6:,.0f} MB), "
        f"{result['reconnects']:,} reconnects, {len(result['faults'])} faults."
    )


def _faults(result: dict[str, Any]) -> str:
    by_kind: dict[str, list[float]] = defaultdict(list)
    for fault in result["faults"]:
        by_kind[fault["kind"]].append(fault["back_seconds"])
    lines = ["| fault | times | all is back after s, median | longest |", "| --- | ---: | ---: | ---: |"]
    for kind, seconds in by_kind.items():
        name = kind.replace("_", " ")
        lines.append(f"| {name} | {len(seconds)} | {statistics.median(seconds):.1f} | {max(seconds):.1f} |")
    return "\n".join(lines)


def _processes(result: dict[str, Any]) -> str:
    lines = [
        "| process | memory MiB, second quarter | last quarter | most | open files, second quarter | last quarter |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in result["processes"]:
        early, late = row["memory_mib"]
        files = row["files"]
        name, most = row["process"], row["most_mib"]
        lines.append(f"| {name} | {early:.0f} | {late:.0f} | {most:.0f} | {files[0]:.0f} | {files[1]:.0f} |")
    return "\n".join(lines)


def _judgement(result: dict[str, Any]) -> str:
    if not result["wrong"]:
        return "Nothing was lost, nothing ran twice at a time, no `complete` came too early, nothing grew."
    return "Wrong:\n\n" + "\n".join(f"- {fault}" for fault in result["wrong"])
