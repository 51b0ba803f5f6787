"""Compares this server's live streams with other ways of serving them, in one run on one machine.

Run `make bench-streams`, or `python -m benchmarks.bench_streams [--quick] [--only NAME]…`. README.md here tells what
is measured and how. Everything listens on loopback, runs for a bounded time and is stopped at the end.
"""

import argparse
import json
import resource
import signal
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.streams import report
from benchmarks.streams.database import Database, migrated_postgres
from benchmarks.streams.measuring import Row
from benchmarks.streams.plot import draw
from benchmarks.streams.processes import describe_machine
from benchmarks.streams.scenarios import EXTRAS, climb
from benchmarks.streams.servers import CONTENDERS
from benchmarks.streams.stage import FULL, QUICK, Stage
from benchmarks.streams.swarm import compile_load

PROJECT = Path(__file__).resolve().parents[1]
RESULTS = PROJECT / "benchmarks" / "results" / "streams.json"
PLOT = PROJECT / "docs" / "images" / "streams.svg"
MOST_SECONDS = 30 * 60
"""The run ends after this time, even if something hangs; the full form takes about 20 minutes."""


def main() -> None:
    """Measure, print the tables, keep the figures."""
    options = _read_options()
    _bound_run()
    began = datetime.now(UTC)
    rows = []
    for row in _measure(options):
        rows.append(row)
        minutes = (datetime.now(UTC) - began).total_seconds() / 60
        print(f"{minutes:5.1f} min  {row.scenario}: {row.server}, {row.streams:,} streams", file=sys.stderr, flush=True)
    results = {
        "began_at": began.isoformat(timespec="seconds"),
        "minutes": round((datetime.now(UTC) - began).total_seconds() / 60, 1),
        "command": " ".join(["python -m benchmarks.bench_streams", *sys.argv[1:]]),
        "machine": describe_machine(),
        "rows": [row.as_json() for row in rows],
    }
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.write_text(json.dumps(results, indent=1) + "\n")
    options.plot.parent.mkdir(parents=True, exist_ok=True)
    draw(rows, options.plot)
    print(report.render(results, rows))


def _read_options() -> argparse.Namespace:
    names = [*(contender.name for contender in CONTENDERS), *EXTRAS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few streams, one round: shows only that all works")
    parser.add_argument("--rounds", type=int, help="turns of each server (default: 2)")
    parser.add_argument("--only", action="append", choices=names, help="measure this (again for more)")
    parser.add_argument("--results", type=Path, help=f"JSON file (default: {RESULTS.relative_to(PROJECT)})")
    parser.add_argument("--plot", type=Path, help=f"SVG file (default: {PLOT.relative_to(PROJECT)})")
    options = parser.parse_args()
    is_partial = options.quick or options.only
    scratch = Path(tempfile.gettempdir())  # only a full run replaces the figures that the project shows
    options.results = options.results or (scratch / "streams.json" if is_partial else RESULTS)
    options.plot = options.plot or (scratch / "streams.svg" if is_partial else PLOT)
    options.only = options.only or names
    return options


def _bound_run() -> None:
    """Make the run end cleanly in every case, and let each process hold as many sockets as the machine allows."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(f"gave up after {MOST_SECONDS} s"))
    signal.alarm(MOST_SECONDS)
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _measure(options: argparse.Namespace) -> Iterator[Row]:
    """Let the servers take turns, in the other direction every second round, so that noise hits all alike."""
    contenders = [contender for contender in CONTENDERS if contender.name in options.only]
    size = QUICK if options.quick else FULL
    with tempfile.TemporaryDirectory(prefix="bench-streams-") as name, migrated_postgres(Path(name)) as postgres:
        folder = Path(name)
        stage = Stage(folder, compile_load(folder), size, lambda dataset: Database(postgres, dataset))
        for turn in range(options.rounds or size.rounds):
            for contender in contenders[:: -1 if turn % 2 else 1]:
                yield from climb(stage, contender, turn)
        for extra, measure in EXTRAS.items():
            if extra in options.only:
                yield from measure(stage)


if __name__ == "__main__":
    main()
