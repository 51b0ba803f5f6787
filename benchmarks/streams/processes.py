"""The CPU time and memory of processes, from /proc; and how fast this machine is at the moment."""

import os
import platform
import time
from pathlib import Path

import psutil

CALIBRATION_TURNS = 300_000


def tree(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


def cpu_seconds(pids: list[int]) -> float:
    """Return the time the processes have been on a CPU, user and system, in seconds.

    It is the sum behind utime + stime, in nanoseconds instead of hundredths of a second
    (https://docs.kernel.org/scheduler/sched-stats.html).
    """
    nanoseconds = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            try:
                nanoseconds += int(task.read_text().split()[0])
            except (FileNotFoundError, ProcessLookupError):
                continue  # a thread that has just ended
    return nanoseconds / 1e9


def rss_bytes(pids: list[int]) -> int:
    """Return the resident memory of the processes together."""
    return sum(psutil.Process(pid).memory_info().rss for pid in pids)


def busy_seconds() -> float:
    """Return the CPU time that the whole machine has spent, on all cores, its host's other guests included."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq + times.steal)


def calibrate() -> float:
    """Return how long a fixed piece of pure arithmetic takes now, in milliseconds: the machine's own noise."""
    began = time.perf_counter()
    total = 0
    for number in range(CALIBRATION_TURNS):
        total += number * number % 7
    return (time.perf_counter() - began) * 1000


def describe_machine() -> dict[str, str | int]:
    """Return what the figures depend on."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    return {
        "cores": os.cpu_count() or 0,
        "cpu": model,
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }
