"""A real worker process that notes each claim and each write to a file, with the time, before it happens.

Run as `python -m tests.support.audited_worker AUDIT_FILE CONCURRENCY`.
"""

import json
import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.server import PROJECT

_CLAIMED = re.compile(r"download (\S+): claimed \(attempt (\d+)\)")


@dataclass(frozen=True)
class Entry:
    """One line of an audit; `at` in seconds of a clock that all processes of the machine share."""

    at: float
    pid: int
    kind: str
    what: str
    """A download's id (`claim`) or a file's path (`write`)."""
    amount: int
    """The attempt, or the bytes."""


def start(env: dict[str, str], audit: Path, log: Path, concurrency: int = 2) -> "subprocess.Popen[bytes]":
    """Start a worker process."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.support.audited_worker", str(audit), str(concurrency)],
            cwd=PROJECT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )


def read(audit: Path) -> list[Entry]:
    """Return what all workers noted, in the order of time."""
    lines = audit.read_text().splitlines() if audit.exists() else []
    return sorted((Entry(*json.loads(line)) for line in lines), key=lambda entry: entry.at)


def find_overlaps(entries: Iterable[Entry], folder_of: dict[str, str]) -> list[str]:
    """Return each write under a claim that came after a later claim of the same folder had begun to write.

    `folder_of` names the folder that a download's id stands for: a part of its path.
    """
    folders = set(folder_of.values())
    claims: dict[tuple[int, str], int] = {}
    latest: dict[str, int] = {}
    overlaps = []
    for number, entry in enumerate(entries):
        if entry.kind == "claim":
            claims[entry.pid, folder_of[entry.what]] = number
            continue
        folder = next(name for name in folders if f"/{name}/" in entry.what)
        claim = claims[entry.pid, folder]
        if claim < latest.get(folder, 0):
            overlaps.append(f"{entry.what}: {entry.pid} wrote at {entry.at} after a later claim had begun to write")
        latest[folder] = max(claim, latest.get(folder, 0))
    return overlaps


class _Audit(logging.Handler):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def emit(self, record: logging.LogRecord) -> None:
        claimed = _CLAIMED.match(record.getMessage())
        if claimed:
            self.note("claim", claimed[1], int(claimed[2]))

    def note(self, kind: str, what: str, amount: int) -> None:
        line = json.dumps([time.monotonic(), os.getpid(), kind, what, amount])
        os.write(self._file, line.encode() + b"\n")

    def watch_writes(self) -> None:
        """Note what goes into files through descriptors."""
        pwritev, pwrite = os.pwritev, os.pwrite

        def noting_pwritev(descriptor: int, chunks: Any, at: int) -> int:
            self.note("write", _name_of(descriptor), sum(map(len, chunks)))
            return pwritev(descriptor, chunks, at)

        def noting_pwrite(descriptor: int, chunk: Any, at: int) -> int:
            self.note("write", _name_of(descriptor), len(chunk))
            return pwrite(descriptor, chunk, at)

        os.pwritev, os.pwrite = noting_pwritev, noting_pwrite  # type: ignore[assignment]  # narrower, but all we use


def _name_of(descriptor: int) -> str:
    return str(Path(f"/proc/self/fd/{descriptor}").readlink())


def main() -> None:
    """Run one worker under audit."""
    from downloads_app import create_app
    from downloads_app.config import current_settings
    from downloads_app.worker.runner import Worker

    audit = _Audit(sys.argv[1])
    audit.watch_writes()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(message)s")
    logging.getLogger().addHandler(audit)
    app = create_app()
    with app.app_context():
        Worker(app, current_settings(), concurrency=int(sys.argv[2])).run()


if __name__ == "__main__":
    main()
