"""A worker process killed, stopped, drained and told things by signals, in the middle of a download."""

import hashlib
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, Status, User
from downloads_app.services.providers import catalog
from tests.support import nginx, repositories
from tests.support.downloading import folder_of, reload
from tests.support.publishing import queue_download
from tests.support.server import PROJECT, environment, wait_until

LEASE_SECONDS = 3
RATE_BYTES = 250_000
"""Of each connection."""
HELD_BYTES = 400_000
"""Per second, where a test must act before the download has ended, however late it looks."""
SIZES = {
    "config.json": 713,
    "model-00001.safetensors": 6_000_000,
    "model-00002.safetensors": 10_000_001,
    "tokenizer/größe 100%.txt": 65_537,
    "empty.bin": 0,
}


@pytest.fixture
def row(app: Flask, alice: User, tmp_path: Path) -> Iterator[Download]:
    """A download of a repository that a real, slow nginx serves."""
    digests = repositories.build_repository(tmp_path / "served" / "org" / "model", SIZES)
    repositories.write_manifest(tmp_path / "served" / "org" / "model", digests)
    (tmp_path / "served").chmod(0o755)
    with nginx.serve(tmp_path / "served", limit_rate_bytes=RATE_BYTES) as url:
        provider = catalog.add_provider(current_settings(), "near", "http", url, allow_private_network=True)
        yield queue_download(alice, provider)


class Worker:
    """A real `downloads-app downloads worker` process."""

    def __init__(self, database_url: str, tmp_path: Path, **settings: object) -> None:
        self.log = tmp_path / "worker.log"
        self.env = environment(database_url, tmp_path / "instance", lease_seconds=LEASE_SECONDS, **settings)
        self.process = self.start()

    def start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "downloads", "worker"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=PROJECT, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        return self.process

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class Watch:
    """Reads a download's numbers all the time, and remembers every figure that went down."""

    def __init__(self, app: Flask, row: Download) -> None:
        self._app, self._id = app, row.id
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.reads = 0
        self.fallen: list[str] = []

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)

    def _run(self) -> None:
        highest = {"current_bytes": 0, "files_completed": 0, "attempt": 0}
        while not self._stop.wait(0.05):
            with self._app.app_context():
                row = db.session.get_one(Download, self._id)
                for name, value in highest.items():
                    now = getattr(row, name)
                    if now < value:
                        self.fallen.append(f"{name} fell from {value} to {now}")
                    highest[name] = max(now, value)
            self.reads += 1


def check_arrived(row: Download) -> None:
    row = reload(row)
    assert row.status == Status.COMPLETED, row.error_message
    folder = folder_of(row)
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    assert found.keys() == SIZES.keys()
    for path, size_bytes in SIZES.items():
        content = repositories.make_content(path, size_bytes)
        assert hashlib.sha256(found[path].read_bytes()).digest() == hashlib.sha256(content).digest(), path
    assert (row.current_bytes, row.files_completed) == (sum(SIZES.values()), len(SIZES))


def advance(row: Download, bytes_more: int) -> int:
    """Wait until the download has that much more; return how much it has."""
    before = reload(row).current_bytes
    wait_until(lambda: reload(row).current_bytes >= before + bytes_more, 90, "bytes")
    return reload(row).current_bytes


@pytest.mark.parametrize("kills", [3, pytest.param(10, marks=pytest.mark.scale)])
def test_a_worker_killed_again_and_again_costs_only_the_seconds_since(
    app: Flask, row: Download, database_url: str, tmp_path: Path, kills: int
) -> None:
    with Watch(app, row) as watch, Worker(database_url, tmp_path, max_bytes_per_second=HELD_BYTES) as worker:
        for kill in range(kills):
            advance(row, 500_000)
            worker.kill()
            if kill == kills - 1:
                del worker.env["MAX_BYTES_PER_SECOND"]
            worker.start()
        wait_until(lambda: reload(row).status == Status.COMPLETED, 180, "completion")
    check_arrived(row)
    assert reload(row).attempt == kills + 1
    assert watch.fallen == []
    assert watch.reads > 50


def test_a_stopped_worker_that_was_superseded_writes_nothing_when_it_goes_on(
    app: Flask, row: Download, database_url: str, tmp_path: Path
) -> None:
    with Watch(app, row) as watch, Worker(database_url, tmp_path, max_bytes_per_second=HELD_BYTES) as first:
        advance(row, 500_000)
        first.process.send_signal(signal.SIGSTOP)
        with Worker(database_url, tmp_path, max_bytes_per_second=2 * HELD_BYTES) as second:
            wait_until(lambda: reload(row).attempt == 2, 60, "the other worker")
            advance(row, 500_000)
            written = _written_bytes(first.process.pid)
            first.process.send_signal(signal.SIGCONT)
            advance(row, 1_500_000)
            assert _written_bytes(first.process.pid) - written < 20_000  # a few lines of its log
            assert reload(row).attempt == 2
            wait_until(lambda: reload(row).status == Status.COMPLETED, 180, "completion")
            assert second.process.poll() is None
    check_arrived(row)
    assert watch.fallen == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_drained_worker_hands_back_at_once_and_ends_well(
    row: Download, database_url: str, tmp_path: Path, number: signal.Signals
) -> None:
    with Worker(database_url, tmp_path) as worker:
        had = advance(row, 500_000)
        worker.process.send_signal(number)
        assert worker.process.wait(60) == 0
        handed_back = reload(row)
        assert (handed_back.status, handed_back.worker_id) == (Status.PENDING, None)
        assert handed_back.current_bytes >= had
        worker.start()
        wait_until(lambda: reload(row).attempt == 2, 60, "another start")
    assert "Traceback" not in worker.log.read_text()


def test_hang_up_reads_the_limit_again_and_ends_nothing(row: Download, database_url: str, tmp_path: Path) -> None:
    with Worker(database_url, tmp_path, max_bytes_per_second=765432) as worker:
        advance(row, 100_000)
        worker.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "MAX_BYTES_PER_SECOND is 765432" in worker.log.read_text(), what="the log")
        advance(row, 100_000)
        assert worker.process.poll() is None
        assert reload(row).attempt == 1


def _written_bytes(pid: int) -> int:
    """How much a process has written so far, to whatever."""
    fields = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(fields["wchar"])
