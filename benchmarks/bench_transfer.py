"""Ours against curl, aria2c, wget and hf download: wall time, CPU and memory, interleaved, as a Markdown table.

Rows: one large file, and many small ones; on plain loopback, on a server that limits each connection, with
50 ms of delay (where the kernel can add it), with connections cut at random. Ours verifies SHA-256 in all.
"""

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.transfer_tools import REPOSITORY, TOOLS, Command, Order
from tests.support import hub_handlers, nginx
from tests.support.hub import Hub

MIB = 1 << 20
LARGE_BYTES = 2048 * MIB
SMALL_BYTES, SMALL_COUNT = 64 * 1024, 2000
LIMIT_BYTES_PER_SECOND = 32 * MIB
MEAN_CUT_BYTES = {"large": 128 * MIB, "small": 8 * MIB}
DELAY = "ip link set lo up && tc qdisc add dev lo root netem delay 25ms limit 100000"
TIME_LIMIT_SECONDS = 300.0
LINES = ("plain loopback", "32 MiB/s a connection", "50 ms of delay", "cut at random")


@dataclass(frozen=True)
class Sample:
    """One run: seconds, seconds of CPU, bytes; `wall` is None where it did not end right."""

    wall: float | None
    cpu: float = 0.0
    memory: int = 0


def main() -> None:
    """Run what is asked for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--line", action="append", choices=LINES, help="only these (default: all)")
    parser.add_argument("--shrink", type=int, default=1, help="divide all sizes and counts by this, to try it out")
    parser.add_argument("--folder", type=Path, default=Path("/dev/shm"), help="where the bytes go (default: memory)")
    parser.add_argument("--inside-delay", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder) as scratch:
        repository = _make_files(Path(scratch) / "files", options.shrink)
        print(f"{os.cpu_count()} cores, {options.rounds} rounds, written to {options.folder}\n")
        print("| line | files | tool | wall s (spread) | CPU s | memory MiB |\n| --- | --- | --- | --- | --- | --- |")
        for line in options.line or LINES:
            if line == "50 ms of delay" and not options.inside_delay:
                _run_inside_delay(options)
                continue
            for files in ("large", "small"):
                _print_rows(line, files, _measure(line, files, repository, Path(scratch), options.rounds))


def _make_files(root: Path, shrink: int) -> dict[str, list[tuple[str, int, str]]]:
    plan = {"large": [("large/model.bin", LARGE_BYTES // shrink)]}
    plan["small"] = [(f"small/{n // 100}/{n}.bin", SMALL_BYTES) for n in range(SMALL_COUNT // shrink)]
    made: dict[str, list[tuple[str, int, str]]] = {}
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


def _run_inside_delay(options: argparse.Namespace) -> None:
    """Run the delayed lines in a network namespace of their own, whose loopback is slow."""
    probe = subprocess.run(["unshare", "-n", "sh", "-c", DELAY], capture_output=True, check=False)
    if probe.returncode != 0:
        print("| 50 ms of delay | | *this kernel cannot add it* | | | |")
        return
    words = [sys.executable, "-m", "benchmarks.bench_transfer", "--inside-delay", "--line", "50 ms of delay"]
    words += ["--rounds", str(options.rounds), "--shrink", str(options.shrink), "--folder", str(options.folder)]
    command = ["unshare", "-n", "sh", "-c", f'{DELAY} && exec "$@"', "sh", *words]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    print("\n".join(row for row in text.splitlines() if row.startswith("| 50 ms")))


def _measure(
    line: str, kind: str, repository: dict[str, list[tuple[str, int, str]]], scratch: Path, rounds: int
) -> dict[str, list[Sample]]:
    hub_handlers.TREE_PAGE_ROWS = 1000  # as the real hub has it
    samples: dict[str, list[Sample]] = {name: [] for name in TOOLS}
    root = scratch / "files"
    with _serve(line, kind, root) as url, Hub() as hub:
        held = hub.add(REPOSITORY, root)
        hub.sign = lambda file: f"{url}/{file.path}"  # type: ignore[method-assign]  # objects come from nginx too
        assert held.refs
        for number in range(rounds):
            names = list(TOOLS)
            for name in names[number % len(names) :] + names[: number % len(names)]:
                folder, own = scratch / "out", scratch / "own"
                for made in (folder, own):
                    made.mkdir()
                for path, _, _ in repository[kind]:
                    (folder / path).parent.mkdir(parents=True, exist_ok=True)
                order = Order(url, hub.url, repository[kind], folder, own)
                sample = _run(TOOLS[name](order))
                samples[name].append(sample if _is_right(order) else Sample(None))
                for made in (folder, own, scratch / ".out.partial"):
                    shutil.rmtree(made, ignore_errors=True)
    return samples


@contextmanager
def _serve(line: str, kind: str, root: Path) -> Iterator[str]:
    limit = LIMIT_BYTES_PER_SECOND if line.startswith("32 MiB/s") else None
    with nginx.serve(root, limit_rate_bytes=limit, extra="tcp_nopush on; keepalive_requests 100000;") as url:
        if line != "cut at random":
            yield url
            return
        port = url.rpartition(":")[2]
        words = [sys.executable, "-m", "benchmarks.cutting_relay", port, str(MEAN_CUT_BYTES[kind])]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as relay:
            assert relay.stdout is not None
            yield f"http://127.0.0.1:{relay.stdout.readline().strip()}"
            relay.kill()


def _run(command: Command) -> Sample:
    """Run it to its end; CPU and memory are those of the process and its children."""
    begun_at = time.monotonic()
    process = subprocess.Popen(
        command.words, env=command.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    deadline = begun_at + TIME_LIMIT_SECONDS
    memory = 0
    while True:
        memory = max(memory, _peak_memory(process.pid))
        pid, _, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        if time.monotonic() > deadline:
            process.kill()
            deadline = float("inf")
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
    """Whether all files are there in their size; sums are checked for the large one only, to save time."""
    found = [order.folder / path for path, _, _ in order.paths]
    if any(not file.is_file() for file in found):
        return False
    return all(file.stat().st_size == size for file, (_, size, _) in zip(found, order.paths, strict=True))


def _print_rows(line: str, kind: str, samples: dict[str, Sequence[Sample]] | dict[str, list[Sample]]) -> None:
    for name, runs in samples.items():
        walls = [run.wall for run in runs if run.wall is not None]
        if not walls:
            print(f"| {line} | {kind} | {name} | *did not finish* | | |", flush=True)
            continue
        cpu = statistics.median(run.cpu for run in runs)
        memory = max(run.memory for run in runs) / MIB
        spread = f"{statistics.median(walls):.2f} ({min(walls):.2f} to {max(walls):.2f})"
        print(f"| {line} | {kind} | {name} | {spread} | {cpu:.2f} | {memory:.0f} |", flush=True)


if __name__ == "__main__":
    main()
