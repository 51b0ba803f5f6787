"""Ours against curl, aria2c, wget and hf download: wall time, CPU and memory, interleaved, as a Markdown table.

Run `make bench-transfer`, or `python -m benchmarks.bench_transfer [--rounds N] [--line LINE]… [--shrink N]`. README.md
here tells what is measured and how. Ours verifies SHA-256 in all rows.
"""

import argparse
import dataclasses
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.streams.processes import calibrate, describe_machine
from benchmarks.transfer_lines import LINES, serve
from benchmarks.transfer_report import HEAD, MIB, Row, Sample, render_head, render_noise, render_places, render_row
from benchmarks.transfer_tools import ARIA2, ARIA2_SUMMED, REPOSITORY, TOOLS, TREE_TOOLS, Command, Order, sha256sum
from benchmarks.transfer_trees import COUNTS, FILE_BYTES, NAME, TREE, serve_tree
from benchmarks.transfer_trees import TIME_LIMIT_SECONDS as TREE_LIMIT_SECONDS
from tests.support import hub_handlers
from tests.support.hub import Hub

LARGE_BYTES = 2048 * MIB
SMALL_BYTES, SMALL_COUNT = 64 * 1024, 2000
TIME_LIMIT_SECONDS = 40.0
SLOW_SECONDS = 10.0
"""A tool that takes longer runs once, because its rank is clear."""
MOST_SECONDS = 45 * 60
RESULTS = Path(__file__).with_name("results") / "transfer.json"
Files = dict[str, list[tuple[str, int, str]]]


def main() -> None:
    """Run what is asked for, print the table, keep the figures."""
    options = _read_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(f"gave up after {MOST_SECONDS} s"))
    signal.alarm(MOST_SECONDS)
    began = datetime.now(UTC)
    results: dict[str, Any] = {
        "began_at": began.isoformat(timespec="seconds"),
        "command": " ".join(["python -m benchmarks.bench_transfer", *sys.argv[1:]]),
        "machine": describe_machine(),
        "folder": str(options.folder),
    }
    print(f"{render_head(results)}\n\n{HEAD}", flush=True)
    rows, noise = [], [calibrate()]
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder) as scratch:
        lines = options.line or [*LINES, TREE]
        files = _make_files(Path(scratch) / "files", options.shrink) if lines != [TREE] else {}
        for line in lines:
            if line == TREE:
                made = _measure_trees(Path(scratch), options.rounds, options.shrink, noise)
            else:
                made = (
                    row
                    for kind in ("large", "small")
                    for row in _measure(line, kind, files, Path(scratch), options.rounds, noise)
                )
            for row in made:
                rows.append(row)
                print(render_row(row, TREE_LIMIT_SECONDS if line == TREE else TIME_LIMIT_SECONDS), flush=True)
    minutes = round((datetime.now(UTC) - began).total_seconds() / 60, 1)
    print(f"\n{render_places(rows)}\n\n{render_noise(noise)} All of it took {minutes} minutes.")
    results.update({"minutes": minutes, "calibration_ms": noise, "rows": [row.as_json() for row in rows]})
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.write_text(json.dumps(results, indent=1) + "\n")


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--line", action="append", choices=[*LINES, TREE], help="only these (default: all)")
    parser.add_argument("--shrink", type=int, default=1, help="divide all sizes and counts by this, to try it out")
    parser.add_argument("--folder", type=Path, default=Path("/dev/shm"), help="where the bytes go (default: memory)")
    parser.add_argument("--results", type=Path, help="JSON file (a partial run: in the temporary folder)")
    options = parser.parse_args()
    is_partial = options.line or options.shrink > 1
    options.results = options.results or (Path(tempfile.gettempdir()) / RESULTS.name if is_partial else RESULTS)
    return options


def _make_files(root: Path, shrink: int) -> Files:
    plan = {"large": [("large/model.bin", LARGE_BYTES // shrink)]}
    plan["small"] = [(f"small/{n // 100}/{n}.bin", SMALL_BYTES) for n in range(SMALL_COUNT // shrink)]
    made: Files = {}
    for kind, files in plan.items():
        made[kind] = []
        for path, size in files:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            digest = hashlib.sha256()
            with (root / path).open("wb") as file:
                for at in range(0, size, MIB):
                    block = os.urandom(min(MIB, size - at))
                    digest.update(block)
                    file.write(block)
            made[kind].append((path, size, digest.hexdigest()))
    return made


def _measure(line: str, kind: str, files: Files, scratch: Path, rounds: int, noise: list[float]) -> Iterator[Row]:
    """Let the tools take turns, each round beginning with another tool. A first run only warms the memory."""
    hub_handlers.TREE_PAGE_ROWS = 1000  # as the real hub has it
    samples: dict[str, list[Sample]] = {}
    root = scratch / "files"
    with serve(line, kind, root, scratch) as url, Hub() as hub:
        assert hub.add(REPOSITORY, root).refs
        hub.sign = lambda file: f"{url}/{file.path}"  # type: ignore[method-assign]  # objects come from nginx too
        names = list(TOOLS)
        with _order(url, hub.url, files[kind], scratch) as order:
            _run(TOOLS[names[0]](order))
        for number in range(rounds):
            for name in names[number % len(names) :] + names[: number % len(names)]:
                so_far = samples.setdefault(name, [])
                if so_far and (so_far[0].wall is None or so_far[0].wall > SLOW_SECONDS):
                    continue
                noise.append(calibrate())
                with _order(url, hub.url, files[kind], scratch) as order:
                    sample = _run(TOOLS[name](order))
                    so_far.append(sample if _is_right(order) else Sample(None))
                    if name == ARIA2:
                        samples.setdefault(ARIA2_SUMMED, []).append(_add(so_far[-1], _run(sha256sum(order))))
    for name in [*TOOLS, ARIA2_SUMMED]:
        yield Row(line, kind, name, samples[name])


def _measure_trees(scratch: Path, rounds: int, shrink: int, noise: list[float]) -> Iterator[Row]:
    """Let the tools that list a repository list it and fetch all of it; what takes long is run once."""
    for count in COUNTS:
        root = scratch / f"tree-{count}"
        with serve_tree(max(1, count // shrink), root) as (url, files):
            for name, tool in TREE_TOOLS.items():
                samples: list[Sample] = []
                while len(samples) < rounds and not (samples and (samples[0].wall or SLOW_SECONDS) >= SLOW_SECONDS):
                    noise.append(calibrate())
                    with _order(url, url, files, scratch) as order:
                        order = dataclasses.replace(order, repository=NAME)
                        sample = _run(tool(order), TREE_LIMIT_SECONDS)
                        samples.append(sample if _is_right(order) else Sample(None))
                yield Row(TREE, f"{len(files):,} × {FILE_BYTES} bytes", name, samples)
        shutil.rmtree(root)


def _add(first: Sample, second: Sample) -> Sample:
    wall = None if first.wall is None or second.wall is None else first.wall + second.wall
    return Sample(wall, first.cpu + second.cpu, max(first.memory, second.memory))


@contextmanager
def _order(url: str, hub_url: str, paths: list[tuple[str, int, str]], scratch: Path) -> Iterator[Order]:
    """Yield an order with folders for one run of a tool, which are gone afterwards."""
    folder, own = scratch / "out", scratch / "own"
    own.mkdir()
    for path, _, _ in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
    try:
        yield Order(url, hub_url, paths, folder, own)
    finally:
        for made in (folder, own, scratch / ".out.partial"):
            shutil.rmtree(made, ignore_errors=True)


def _run(command: Command, limit_seconds: float = TIME_LIMIT_SECONDS) -> Sample:
    """Run it to its end; CPU and memory are those of the process and its children."""
    begun_at = time.monotonic()
    process = subprocess.Popen(
        command.words,
        env=command.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    deadline = begun_at + limit_seconds
    memory = 0
    while True:
        memory = max(memory, _peak_memory(process.pid))
        pid, _, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        if time.monotonic() > deadline:
            os.killpg(process.pid, signal.SIGKILL)
            os.wait4(process.pid, 0)
            return Sample(None)
        time.sleep(0.01)
    wall = time.monotonic() - begun_at
    process.returncode = 0  # wait4 has reaped it
    assert process.stdout is not None
    with process.stdout:
        said = process.stdout.read()
    if said.startswith("{"):
        return Sample(**json.loads(said))
    return Sample(wall, usage.ru_utime + usage.ru_stime, memory)


def _peak_memory(pid: int) -> int:
    """Return the peak of a process and of its children, by what the kernel notes of each since its exec."""
    total = 0
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += sum(map(_peak_memory, map(int, (task / "children").read_text().split())))
        for row in Path(f"/proc/{pid}/status").read_text().splitlines():
            if row.startswith("VmHWM:"):
                total += int(row.split()[1]) * 1024
    except OSError:
        pass  # it has just ended
    return total


def _is_right(order: Order) -> bool:
    """Whether all files are there with the right size; only our worker and sha256sum compare sums."""
    found = [order.folder / path for path, _, _ in order.paths]
    if any(not file.is_file() for file in found):
        return False
    return all(file.stat().st_size == size for file, (_, size, _) in zip(found, order.paths, strict=True))


if __name__ == "__main__":
    main()
