"""The machines of the soak: a fleet on a pair of databases, its files on a small disk of its own."""

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask

from downloads_app.extensions import db
from tests.support import nginx
from tests.support.fleet import Fleet, open_app, publish
from tests.support.pgbouncer import PgBouncer
from tests.support.relay import Relay
from tests.support.replicas import SUPERUSER, Pair
from tests.support.server import migrate
from tests.support.small_disk import fill_up, small_disk

LEASE_SECONDS = 5
DISK_BYTES = 256 << 20
REPOSITORIES = 6
SIZES = {"config.json": 700, "deep/tokenizer.txt": 20_000, "empty": 0, "weights.bin": 1_500_000}
CONNECTION_BYTES_PER_SECOND = 200_000


@dataclass
class Stage:
    """What runs. The second host of each kind reaches the database through `link` and the pooler."""

    folder: Path
    root: Path
    pair: Pair
    pooler: PgBouncer
    link: Relay
    files_link: Relay
    fleet: Fleet
    disk: Path
    app: Flask

    @property
    def files_url(self) -> str:
        """Where the files of the repositories are served."""
        return f"http://127.0.0.1:{self.files_link.port}"


@contextmanager
def open_stage(folder: Path) -> Iterator[Stage]:
    """Start everything; it ends with the block."""
    root = folder / "served"
    publish(root, REPOSITORIES, SIZES)
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk(folder / "disk", DISK_BYTES))
        address = stack.enter_context(nginx.serve(root, limit_rate_bytes=CONNECTION_BYTES_PER_SECOND))
        files_link = stack.enter_context(Relay(int(address.rpartition(":")[2])))
        pair = stack.enter_context(Pair())
        migrate(pair.url(), folder / "migrate")
        pooler = stack.enter_context(
            PgBouncer("127.0.0.1", SUPERUSER, database_port=pair.primary.port, sessions=20, login_retry_seconds=1)
        )
        link = stack.enter_context(Relay(pooler.port))
        urls = [pair.url(), f"postgresql://{SUPERUSER}@127.0.0.1:{link.port}/downloads"]
        limits: dict[str, Any] = {
            "stream_max_per_user": 1000,
            "lease_seconds": LEASE_SECONDS,
            "connections_per_file": 2,
        }
        fleet = stack.enter_context(Fleet(folder, urls, downloads_dir=disk / "shared", **limits))
        app = open_app(pair.url(), folder, downloads_dir=disk / "shared")
        yield Stage(folder, root, pair, pooler, link, files_link, fleet, disk, app)
        with app.app_context():
            db.engine.dispose()


def kill_worker(stage: Stage) -> None:
    """Kill the second host's worker, and start it again."""
    stage.fleet.kill_worker(1)


def stop_worker(stage: Stage) -> None:
    """Stop it for longer than its lease, as a machine that sleeps."""
    worker = stage.fleet.workers[1]
    worker.send_signal(signal.SIGSTOP)
    time.sleep(LEASE_SECONDS + 3)
    worker.send_signal(signal.SIGCONT)


def restart_worker(stage: Stage) -> None:
    """End it as an upgrade does, and start it again."""
    worker = stage.fleet.workers[1]
    worker.terminate()
    worker.wait(60)
    stage.fleet.workers[1] = stage.fleet.start_worker(1)


def kill_web(stage: Stage) -> None:
    """Kill the second web host's process; its master starts another."""
    stage.fleet.kill_web(1)


def reload_web(stage: Stage) -> None:
    """Reload the second web host."""
    stage.fleet.webs[1].send(signal.SIGHUP)


def restart_web(stage: Stage) -> None:
    """Stop the second web host, and start it again."""
    stage.fleet.webs[1].stop()
    stage.fleet.webs[1].start()


def pause_database(stage: Stage) -> None:
    """Let the primary hang for a while."""
    primary = stage.pair.primary
    primary.suspend()
    time.sleep(8)
    primary.suspend(signal.SIGCONT)


def drop_connections(stage: Stage) -> None:
    """Cut all connections to the database."""
    others = "datname = 'downloads' AND pid <> pg_backend_pid()"
    stage.pair.primary.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")


def fail_over(stage: Stage) -> None:
    """Kill the primary, promote the replica, and make a new replica."""
    stage.pair.fail_over(lambda primary: stage.pooler.point_to(primary.port))


def cut_host_off(stage: Stage) -> None:
    """Cut the second host of each kind off from the database for longer than a lease."""
    stage.link.cut()
    time.sleep(LEASE_SECONDS + 5)
    stage.link.mend()


def cut_files(stage: Stage) -> None:
    """End all connections to the files, and let new ones hang for a while."""
    stage.files_link.cut()
    stage.files_link.hang_up()
    time.sleep(5)
    stage.files_link.mend()


def fill_disk(stage: Stage) -> None:
    """Leave no room on the disk for a while."""
    ballast = fill_up(stage.disk)
    time.sleep(8)
    ballast.unlink()


FAULTS = (
    kill_worker,
    kill_web,
    pause_database,
    drop_connections,
    fill_disk,
    fail_over,
    stop_worker,
    cut_host_off,
    restart_worker,
    reload_web,
    cut_files,
    restart_web,
)
"""In this order, again and again. Nothing is ever done to the first hosts: their memory is watched."""
