"""Several worker processes on one PostgreSQL, killed, stopped and cut off at random, while all must arrive."""

import itertools
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from downloads_app import create_app
from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, Provider, Status
from downloads_app.services.accounts import users
from downloads_app.services.providers import catalog
from tests.conftest import PASSWORD
from tests.support import audited_worker, nginx
from tests.support.arrivals import check_arrived
from tests.support.postgres import Postgres
from tests.support.publishing import queue_download
from tests.support.repositories import build_repository, write_manifest
from tests.support.server import environment, free_port, migrate, wait_until

LEASE_SECONDS = 5


SMALL_FILES = {"config.json": 700, "deep/tokenizer.txt": 20_000, "empty": 0}


@dataclass(frozen=True)
class Scale:
    """How much, and how rough."""

    workers: int
    downloads: int
    file_bytes: int
    connection_bytes_per_second: int
    trouble_every_seconds: float
    troubles: tuple[str, ...]
    refetched_share: float
    """Of what is downloaded, how much may be fetched a second time, counted where it hurts: as the server sends it."""
    deadline_seconds: float


SMALL = Scale(
    workers=3,
    downloads=12,
    file_bytes=2_000_000,
    connection_bytes_per_second=200_000,
    trouble_every_seconds=3,
    troubles=("kill", "stop", "restart", "kill"),
    refetched_share=0.2,  # little is moved, so that each loss weighs more
    deadline_seconds=180,
)
FULL = Scale(
    workers=6,
    downloads=200,
    file_bytes=8_000_000,
    connection_bytes_per_second=300_000,
    trouble_every_seconds=8,
    troubles=("kill", "stop", "kill", "stop", "restart") * 3,
    refetched_share=0.02,
    deadline_seconds=1500,
)


class Fleet:
    """The worker processes; one that is killed is replaced."""

    def __init__(self, scale: Scale, env: dict[str, str], folder: Path, postgres: Postgres) -> None:
        self._env, self._folder, self._postgres = env, folder, postgres
        self._random = random.Random(7)
        self.audit = folder / "audit.jsonl"
        self._running = [self._start() for _ in range(scale.workers)]
        self._stopped: list[tuple[float, subprocess.Popen[bytes]]] = []

    def _start(self) -> "subprocess.Popen[bytes]":
        return audited_worker.start(self._env, self.audit, self._folder / "workers.log")

    def kill(self) -> None:
        """Kill one at random and start another in its place."""
        victim = self._random.choice(self._running)
        victim.kill()
        victim.wait(30)
        self._running[self._running.index(victim)] = self._start()

    def stop(self) -> None:
        """Stop one at random for longer than its lease."""
        victim = self._random.choice(self._running)
        victim.send_signal(signal.SIGSTOP)
        self._stopped.append((time.monotonic() + LEASE_SECONDS + 4, victim))

    def restart(self) -> None:
        """Restart the database under all of them."""
        self._postgres.stop()
        self._postgres.start()

    def wake(self) -> None:
        """Let those go on whose time has come."""
        for wake_at, victim in list(self._stopped):
            if time.monotonic() >= wake_at:
                victim.send_signal(signal.SIGCONT)
                self._stopped.remove((wake_at, victim))

    def end(self) -> None:
        """End all of them; a worker that will not drain is a failure."""
        for _, victim in self._stopped:
            victim.send_signal(signal.SIGCONT)
        for process in self._running:
            process.terminate()
        codes = [process.wait(60) for process in self._running]
        assert set(codes) == {0}

    def destroy(self) -> None:
        for process in self._running:
            process.kill()
            process.wait(30)


def publish(root: Path, scale: Scale) -> list[str]:
    """Write repositories of one large and a few small files each; return their names."""
    names = [f"org/model-{number:03}" for number in range(scale.downloads)]
    for number, name in enumerate(names):
        sizes = {"weights.bin": scale.file_bytes, **SMALL_FILES}
        write_manifest(root / name, build_repository(root / name, sizes, seed=number))
    root.chmod(0o755)
    return names


@pytest.mark.parametrize("scale", [SMALL, pytest.param(FULL, marks=pytest.mark.scale)], ids=["small", "full"])
def test_a_fleet_under_kills_stops_and_restarts_brings_everything_once(scale: Scale, tmp_path: Path) -> None:
    root, log, port = tmp_path / "served", tmp_path / "access.log", free_port()
    names = publish(root, scale)
    # As a real line has it, little is under way at a time. Left alone, nginx keeps to its rate by bursts of a second's
    # worth, and what of a burst lies behind the end of a range that was split in two is sent for nothing.
    extra = f"access_log {log}; listen 127.0.0.1:{port} sndbuf=32k; sendfile_max_chunk 16k;"
    with (
        Postgres() as postgres,
        nginx.serve(root, limit_rate_bytes=scale.connection_bytes_per_second, extra=extra),
    ):
        migrate(postgres.url("template"), tmp_path / "instance")
        env = environment(postgres.url("template"), tmp_path / "instance", lease_seconds=LEASE_SECONDS)
        app = create_app(database_url=postgres.url("template"), instance_dir=tmp_path / "instance")
        with app.app_context():
            address = f"http://127.0.0.1:{port}"
            provider = catalog.add_provider(current_settings(), "near", "http", address, allow_private_network=True)
            repository_of = queue_all(provider, names)
            fleet = Fleet(scale, env, tmp_path, postgres)
            try:
                make_trouble(fleet, scale)
                rows = wait_for_all(app, scale, fleet)
                fleet.end()
            finally:
                fleet.destroy()
            for row in rows:
                check_arrived(row, root)
            db.session.remove()
            db.engine.dispose()
    entries = audited_worker.read(fleet.audit)
    assert audited_worker.find_overlaps(entries, repository_of) == []
    total = scale.downloads * (scale.file_bytes + sum(SMALL_FILES.values()))
    rewritten = sum(entry.amount for entry in entries if entry.kind == "write") - total
    resent = count_sent(log) - total
    print(f"{total:,} bytes: {resent / total:.2%} sent again, {rewritten / total:.2%} written again")
    assert 0 <= rewritten <= resent <= scale.refetched_share * total
    shutil.rmtree(tmp_path / "instance")


def queue_all(provider: Provider, names: list[str]) -> dict[str, str]:
    """Queue each repository for one of four users; return the repository's name by download."""
    owners = [users.create_user(current_settings().downloads_dir, f"user-{number}", PASSWORD) for number in range(4)]
    return {
        queue_download(user, provider, name).id: name
        for name, user in zip(names, itertools.cycle(owners), strict=False)
    }


def make_trouble(fleet: Fleet, scale: Scale) -> None:
    """Let each trouble happen in its turn, at its distance from the last, once bytes are arriving."""
    wait_until(_has_bytes, 90, "the first bytes")
    actions: dict[str, Callable[[], None]] = {"kill": fleet.kill, "stop": fleet.stop, "restart": fleet.restart}
    for trouble in scale.troubles:
        pause_until = time.monotonic() + scale.trouble_every_seconds
        while time.monotonic() < pause_until:
            fleet.wake()
            time.sleep(0.05)  # the rhythm of the trouble itself, no wait for a result
        actions[trouble]()


def _has_bytes() -> bool:
    db.session.rollback()
    return bool(db.session.scalar(db.select(db.func.sum(Download.current_bytes))))


def wait_for_all(app: Flask, scale: Scale, fleet: Fleet) -> list[Download]:
    deadline = time.monotonic() + scale.deadline_seconds
    while time.monotonic() < deadline:
        fleet.wake()
        try:
            db.session.rollback()
            rows = list(db.session.scalars(db.select(Download)))
            if all(row.status not in (Status.PENDING, Status.DOWNLOADING) for row in rows):
                return rows
        except SQLAlchemyError:
            db.session.remove()
        time.sleep(0.2)
    raise AssertionError(f"still at work: {[row.wait_reason or row.status for row in rows]}")


def count_sent(log: Path) -> int:
    """Return how many bytes of files nginx has sent, by its log (combined format: status, then bytes)."""
    lines = [line.split('"') for line in log.read_text(errors="replace").splitlines()]
    return sum(
        int(parts[2].split()[1])
        for parts in lines
        if "manifest.json" not in parts[1] and parts[2].split()[0] in ("200", "206")
    )
