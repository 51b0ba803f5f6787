"""Lets everything run for hours while something breaks every minute, and says what was lost, late, or grew.

Run `make soak`, or `python -m benchmarks.bench_soak [--minutes N] [--every SECONDS] [--faults N] [--streams N]`; Ctrl-C
ends it early, and what has been is judged. Two web hosts, two worker hosts, a primary and a replica play on this
machine; README.md here tells what is done to them.
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.soak import report, samples
from benchmarks.soak.load import Load
from benchmarks.soak.stage import FAULTS, Stage, open_stage
from benchmarks.streams.processes import describe_machine
from tests.support import audited_worker
from tests.support.crowd import Crowd
from tests.support.watchers import Watchers

PROJECT = Path(__file__).resolve().parents[1]
RESULTS = PROJECT / "benchmarks" / "results" / "soak.json"
OWNERS = 6
SAMPLE_SECONDS = 10
CALM_SECONDS = 180
"""How long all may take to come back after a fault, and to end at the end."""
REOPEN_SECONDS = 2
KEPT_EVENTS = 50
LATE_SECONDS = 2.5
"""`complete` may miss a download that was added so shortly before."""


class Soak:
    """The loop: streams are read all the time; faults, load and samples have their turns beside."""

    def __init__(self, stage: Stage, crowd: Crowd, options: argparse.Namespace, pool: ThreadPoolExecutor) -> None:
        self.stage, self.crowd, self.options, self._pool = stage, crowd, options, pool
        self.load = Load.begin(stage, OWNERS)
        tabs = [(owner, token) for owner, token in self.load.owners.items()]
        self.watchers = Watchers(crowd, [tabs[number % OWNERS] for number in range(options.streams)])
        self.samples: list[samples.Sample] = []
        self.faults: list[dict[str, Any]] = []
        self.completes: list[tuple[str, float]] = []
        self.events = self.reconnects = 0
        self._began = time.monotonic()
        self._turn: Future[None] | None = None
        self._sampled = 0.0

    def run(self) -> None:
        """Break one thing after the other until the time is over, then let all end."""
        self._read_until(lambda: self.load.finished > 0 and self._is_well(), "the first download")
        for number in range(sys.maxsize):
            due = self._began + (number + 1) * self.options.every
            self._read_until(partial(self._is_due, due), "the next fault", self.options.every + 60)
            if number >= self.options.faults and max(due, time.monotonic()) >= self._end:
                break
            self._break(FAULTS[number % len(FAULTS)])
        self._read_until(lambda: time.monotonic() >= self._end, "the end", self.options.minutes * 60 + 60)
        self.load.is_feeding, turns = False, self.load.turns + 2
        self._read_until(lambda: self.load.active == 0 and self.load.turns >= turns, "the last downloads")
        self._tidy()

    def _is_due(self, at: float) -> bool:
        return time.monotonic() >= min(at, self._end)

    @property
    def _end(self) -> float:
        return self._began + float(self.options.minutes) * 60

    def shorten(self, *_signal: Any) -> None:
        """Let all end now, and judge what has been."""
        self.options.minutes = min(self.options.minutes, round((time.monotonic() - self._began) / 60, 1))

    def _break(self, fault: Any) -> None:
        doing = self._pool.submit(fault, self.stage)
        began = time.monotonic()
        self._read_until(doing.done, fault.__name__)
        doing.result()
        over, finished = time.monotonic(), self.load.finished
        self._read_until(lambda: self._is_well() and self.load.finished > finished, f"all after {fault.__name__}")
        self.faults.append(
            {
                "kind": fault.__name__,
                "at_seconds": round(began - self._began, 1),
                "lasted_seconds": round(over - began, 1),
                "back_seconds": round(time.monotonic() - over, 1),
            }
        )
        print(f"{self.faults[-1]}", file=sys.stderr, flush=True)

    def _read_until(self, condition: Any, what: str, seconds: float = CALM_SECONDS) -> None:
        def look() -> bool:
            self._look()
            return bool(condition())

        try:
            self.crowd.run(look, seconds, what)
        except AssertionError as exc:
            kept = _keep_logs(self.stage.folder)
            raise AssertionError(f"{exc}\n{self._describe()}\nThe logs are kept in {kept}") from exc

    def _look(self) -> None:
        now = time.monotonic()
        self.watchers.look()
        for watcher in self.watchers.all:
            if watcher.completed_at is not None and time.time() - watcher.completed_at >= REOPEN_SECONDS:
                self.completes.append((watcher.owner, watcher.completed_at))
                self._forget(watcher)
                watcher.completed_at, watcher.viewer = None, self.crowd.open([watcher.token])[0]
        if self._turn is not None and self._turn.done():
            self._turn.result()
            self._turn = None
        elif self._turn is None:
            self._turn = self._pool.submit(self.load.turn)
        if now - self._sampled >= SAMPLE_SECONDS:
            self._sampled = now
            self.samples += samples.take(self.stage, round(now - self._began, 1))
            self._tidy()

    def _is_well(self) -> bool:
        return all(watcher.is_well for watcher in self.watchers.all)

    def _describe(self) -> str:
        """Return what each tab was told last, and how far the load is."""
        load, now = self.load, time.monotonic()
        lines = [f"{load.finished} downloads have arrived, {load.active} are active, in {load.turns} turns"]
        lines += [f"asked last: {load.asked}", *load.faults[-5:]]
        for number, watcher in enumerate(self.watchers.all):
            viewer = watcher.viewer
            last = f"{viewer.names[-1]!r} {now - viewer.seen[-1].arrived:.1f} s ago" if viewer.names else "nothing"
            opened = f"opened {now - viewer.opened:.1f} s ago, {'open' if viewer.closed is None else 'closed'}"
            lines.append(f"tab {number}: {viewer.status}, {opened}, told {last}")
        return "\n".join(lines)

    def _tidy(self) -> None:
        """Count what the tabs have seen, and keep only the last of it."""
        for watcher in self.watchers.all:
            for viewer in watcher.before:
                self.events += len(viewer.seen)
            self.reconnects += len(watcher.before)
            watcher.before.clear()
            surplus = max(0, len(watcher.viewer.seen) - KEPT_EVENTS)
            self.events += surplus
            del watcher.viewer.seen[:surplus]
        del self.crowd.viewers[:]

    def _forget(self, watcher: Any) -> None:
        self.events += len(watcher.viewer.seen)

    def false_completes(self) -> list[str]:
        """Return each `complete` that came while its user had something active."""
        return [
            f"`complete` {at - span.began:.1f} s after a download was added, {span.ended - at:.1f} s before its end"
            for owner, at in self.completes
            for span in self.load.spans[owner]
            if span.began + LATE_SECONDS < at < span.ended
        ]


def _keep_logs(folder: Path) -> str:
    """Copy the logs of all processes to where they stay; return that folder."""
    kept = tempfile.mkdtemp(prefix="soak-logs-")
    for log in folder.glob("*.log"):
        shutil.copy(log, kept)
    return kept


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it, print the tables, write the figures; return 1 if something was wrong."""
    options = _read_arguments(arguments)
    began_at = datetime.now(UTC).isoformat(timespec="seconds")
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as name,
        open_stage(Path(name)) as stage,
        ThreadPoolExecutor(2) as pool,
        Crowd(("127.0.0.1", stage.fleet.front.port)) as crowd,
    ):
        soak = Soak(stage, crowd, options, pool)
        signal.signal(signal.SIGINT, soak.shorten)
        soak.run()
        rows, grown = samples.judge(soak.samples)
        stage.fleet.end()
        overlaps = audited_worker.find_overlaps(audited_worker.read(stage.fleet.audit), soak.load.folder_of)
        logs = "".join(log.read_text(errors="replace") for log in Path(name).glob("*.log"))
        tracebacks = []
        if count := logs.count("Traceback"):
            tracebacks = [f"{count} tracebacks in the logs, which are kept in {_keep_logs(stage.folder)}"]
    wrong = [*soak.load.faults, *soak.false_completes(), *overlaps, *grown, *tracebacks]
    result = {
        "began_at": began_at,
        "command": f"python -m benchmarks.bench_soak {' '.join(sys.argv[1:])}".strip(),
        "machine": describe_machine(),
        "minutes": options.minutes,
        "streams": options.streams,
        "events": soak.events,
        "downloads": soak.load.finished,
        "bytes": soak.load.bytes,
        "reconnects": soak.reconnects,
        "faults": soak.faults,
        "processes": rows,
        "samples": samples.as_json(soak.samples),
        "wrong": wrong,
    }
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.write_text(json.dumps(result, indent=1) + "\n")
    print(report.render(result))
    return 1 if wrong else 0


def _read_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--every", type=float, default=60, help="seconds from one fault to the next")
    parser.add_argument("--faults", type=int, default=0, help="so many at least, however long they take")
    parser.add_argument("--streams", type=int, default=30)
    parser.add_argument("--results", type=Path, help="where the figures go; only a whole run goes to the project's own")
    options = parser.parse_args(arguments)
    if options.results is None:
        is_whole = options.minutes >= 120
        options.results = RESULTS if is_whole else Path(tempfile.gettempdir()) / "soak.json"
    return options


if __name__ == "__main__":
    sys.exit(main())
