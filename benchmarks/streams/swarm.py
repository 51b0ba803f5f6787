"""The load: processes of load.c, which hold many open streams and report when events arrive on them."""

import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.streams.processes import cpu_seconds

SOURCE = Path(__file__).with_name("load.c")
STREAMS_PER_PROCESS = 15_000
"""Under the usual limit of 20,000 descriptors."""

_source_addresses = count(1)


class Times:
    """How often each millisecond figure was seen."""

    def __init__(self) -> None:
        self._bins: Counter[int] = Counter()
        self._most_seconds = 0.0

    def add(self, told: dict[str, Any]) -> None:
        """Add what one process told."""
        self._bins.update({int(milliseconds): times for milliseconds, times in told["bins"].items()})
        self._most_seconds = max(self._most_seconds, told["most"])

    def __len__(self) -> int:
        return self._bins.total()

    def quantile(self, share: float) -> float | None:
        """Return the time, in seconds, that `share` of all did not exceed; None where nothing was seen."""
        rest = share * len(self)
        for milliseconds, times in sorted(self._bins.items()):
            rest -= times
            if rest <= 0:
                return milliseconds / 1000
        return None

    @property
    def most(self) -> float | None:
        """The longest time, in seconds."""
        return self._most_seconds if self._bins else None


@dataclass
class Report:
    """What all processes of a swarm saw since the last mark; the counts of streams are since the start."""

    started: int = 0
    open: int = 0
    closed: int = 0
    refused: int = 0
    """Answered other than 200; counted under `closed` too."""
    waiting: int = 0
    """Open without a first event."""
    events: int = 0
    bytes: int = 0
    gaps: Times = field(default_factory=Times)
    firsts: Times = field(default_factory=Times)

    def add(self, told: dict[str, Any]) -> None:
        """Add what one process told."""
        for name in ("started", "open", "closed", "refused", "waiting", "events", "bytes"):
            setattr(self, name, getattr(self, name) + told[name])
        self.gaps.add(told["gaps"])
        self.firsts.add(told["firsts"])


class Swarm:
    """Streams to one address, spread over as many processes as they need."""

    def __init__(self, processes: list[subprocess.Popen[str]]) -> None:
        self._processes = processes

    def open(self, streams: int, rate: float) -> None:
        """Begin to open more streams, `rate` a second; returns at once."""
        share, rest = divmod(streams, len(self._processes))
        for index, process in enumerate(self._processes):
            _tell(process, f"open {share + (index < rest)} {rate / len(self._processes):.3f}")

    def mark(self) -> None:
        """Forget what was measured so far."""
        for process in self._processes:
            _tell(process, "mark")

    def report(self) -> Report:
        """Return what was measured since the mark."""
        for process in self._processes:
            _tell(process, "report")
        report = Report()
        for process in self._processes:
            assert process.stdout is not None
            report.add(json.loads(process.stdout.readline()))
        return report

    def wait_until_fed(self, streams: int, seconds: float) -> Report:
        """Wait, at most so long, until all `streams` have begun and had an event; return the last report."""
        deadline = time.monotonic() + seconds
        while True:
            report = self.report()
            is_fed = report.started >= streams and not report.waiting
            if is_fed or time.monotonic() > deadline:
                return report
            time.sleep(0.25)

    def cpu_seconds(self) -> float:
        """Return the CPU time that the load has taken itself."""
        return cpu_seconds([process.pid for process in self._processes])


def _tell(process: subprocess.Popen[str], command: str) -> None:
    assert process.stdin is not None
    process.stdin.write(command + "\n")
    process.stdin.flush()


def compile_load(folder: Path) -> Path:
    """Compile load.c into a folder; return the program."""
    program = folder / "load"
    subprocess.run(["cc", "-O2", "-o", str(program), str(SOURCE)], check=True, timeout=60)
    return program


@contextmanager
def swarm(program: Path, port: int, path: str, tokens: list[str], most_streams: int) -> Iterator[Swarm]:
    """Yield a swarm that can hold so many streams; they are closed at the end."""
    parts = -(-most_streams // STREAMS_PER_PROCESS)
    with ExitStack() as stack:
        processes = []
        for part in range(parts):
            source = f"127.0.{next(_source_addresses) % 250 + 1}.1"  # each has its own ports
            tokens_file = program.with_name(f"tokens-{source}")
            tokens_file.write_text("".join(f"{token}\n" for token in tokens[part::parts]))
            stack.callback(tokens_file.unlink)
            process = subprocess.Popen(
                [str(program), str(port), path, source, str(tokens_file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            processes.append(process)
            stack.callback(_end, process)
        yield Swarm(processes)


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate(timeout=10)
