"""Memory and open files of the processes that live through everything."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import psutil

from benchmarks.soak.stage import Stage

MIB = 1 << 20
MOST_GROWTH = 0.15
SPARE_MIB = 8
SPARE_FILES = 8
ENOUGH = 24
"""Samples; with fewer, growth is only that of the start."""


@dataclass(frozen=True)
class Sample:
    """One process at one moment."""

    at_seconds: float
    process: str
    pid: int
    memory_mib: float
    files: int
    """Without the connections of visitors: how many streams a host has changes with each fault of the other."""
    threads: int


def take(stage: Stage, at_seconds: float) -> list[Sample]:
    """Look at the first web host's process and the first worker host's."""
    master = stage.fleet.webs[0].process
    assert master is not None
    found = [("web", child) for child in psutil.Process(master.pid).children()]
    found.append(("worker", psutil.Process(stage.fleet.workers[0].pid)))
    return [_look_at(process, name, at_seconds) for name, process in found]


def _look_at(process: psutil.Process, name: str, at_seconds: float) -> Sample:
    connections = process.net_connections("unix")
    visitors = sum(bool(one.laddr) for one in connections)  # those that came by a name, and the one socket that has it
    files = process.num_fds() - visitors
    return Sample(at_seconds, name, process.pid, process.memory_info().rss / MIB, files, process.num_threads())


def judge(samples: Sequence[Sample]) -> tuple[list[dict[str, object]], list[str]]:
    """Return a row for each process, and what is not flat: the second quarter of the time against the last."""
    rows, faults = [], []
    for name in sorted({sample.process for sample in samples}):
        mine = [sample for sample in samples if sample.process == name]
        quarter = max(1, len(mine) // 4)
        early, late = mine[quarter : 2 * quarter] or mine, mine[-quarter:]
        if len({sample.pid for sample in mine}) > 1:
            faults.append(f"the {name} process was another one at the end")
        memory = [statistics.median(sample.memory_mib for sample in part) for part in (early, late)]
        files = [statistics.median(sample.files for sample in part) for part in (early, late)]
        if len(mine) >= ENOUGH and memory[1] > memory[0] * (1 + MOST_GROWTH) + SPARE_MIB:
            faults.append(f"the {name}'s memory grew from {memory[0]:.0f} to {memory[1]:.0f} MiB")
        if len(mine) >= ENOUGH and files[1] > files[0] + SPARE_FILES:
            faults.append(f"the {name}'s open files grew from {files[0]:.0f} to {files[1]:.0f}")
        most = max(sample.memory_mib for sample in mine)
        rows.append({"process": name, "memory_mib": memory, "most_mib": most, "files": files})
    return rows, faults


def as_json(samples: Sequence[Sample]) -> list[dict[str, object]]:
    """Return the samples as plain values."""
    return [asdict(sample) for sample in samples]
