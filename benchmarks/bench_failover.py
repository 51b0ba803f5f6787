"""Measures how long streams and downloads take to go on after a replica was promoted, directly and behind PgBouncer.

Run `make bench-failover`, or `python -m benchmarks.bench_failover [--streams N] [--rounds N]`. Two web hosts, two
worker hosts, a primary and a replica play on this machine. `tests/acceptance/test_failover.py` asserts the order.
"""

import argparse
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.streams.processes import describe_machine
from tests.support.failover import DIRECT, POOLED, Scale, run

PROJECT = Path(__file__).resolve().parents[1]
RESULTS = PROJECT / "benchmarks" / "results" / "failover.json"
EXPECTED_SECONDS = 15
DOWNLOADS = 20


def main() -> int:
    """Run it, print the table, write the figures; return 1 if it took too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    scale = Scale(
        downloads=DOWNLOADS, streams_each=options.streams // DOWNLOADS, file_bytes=10_000_000, interval_seconds=2
    )
    rows: list[dict[str, Any]] = []
    for _ in range(options.rounds):
        for way in (DIRECT, POOLED):
            with tempfile.TemporaryDirectory(prefix="failover-") as folder:
                outcome = run(Path(folder), scale, (way, way))
            reconnects = max(len(watcher.before) for watcher in outcome.watchers.all)
            rows.append(
                {
                    "way": way,
                    "streams_back_seconds": round(outcome.streams_back_seconds, 1),
                    "downloads_back_seconds": round(outcome.downloads_back_seconds, 1),
                    "most_reconnects": reconnects,
                }
            )
    began_at = datetime.now(UTC).isoformat(timespec="seconds")
    result = {"began_at": began_at, "machine": describe_machine(), "streams": options.streams, "rows": rows}
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    print(render(rows))
    slowest = max(row["downloads_back_seconds"] for row in rows)
    return 1 if slowest > EXPECTED_SECONDS else 0


def render(rows: list[dict[str, Any]]) -> str:
    """Return the table."""
    lines = [
        "| way to the database | all streams have an update after s | all downloads go on after s | most reconnects |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row['way']} | {row['streams_back_seconds']} | {row['downloads_back_seconds']} | {row['most_reconnects']} |"
        for row in rows
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
