"""Several machines, played by folders and processes: two web hosts behind nginx, two worker hosts, a shared folder."""

import itertools
import os
import signal
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from flask import Flask

from downloads_app import create_app
from downloads_app.config import current_settings
from downloads_app.models import Provider, User
from downloads_app.services.accounts import users
from downloads_app.services.providers import catalog
from tests.support import audited_worker
from tests.support.front import Front
from tests.support.publishing import queue_download
from tests.support.repositories import build_repository, write_manifest
from tests.support.server import Server, environment

SECRETS: dict[str, Any] = {
    "jwt_secret_key": "the-hosts-of-a-fleet-share-their-keys-0123456789",
    "provider_token_key": "and-that-of-the-providers-secrets-0123456789",
}
MANY_STREAMS = {"limit_conn downloads_streams 200;": "limit_conn downloads_streams 20000;"}


class Fleet:
    """The hosts; `urls` has the DATABASE_URL of each of the two web hosts, and of each of the two worker hosts.

    Use it as a context manager: then all run. `host_environments` are added to those of the first and second host of
    a kind.
    """

    def __init__(
        self,
        folder: Path,
        urls: Sequence[str],
        *,
        concurrency: int = 4,
        host_environments: tuple[dict[str, str], dict[str, str]] = ({}, {}),
        downloads_dir: Path | None = None,
        **settings: Any,
    ) -> None:
        self.folder, self._urls, self._concurrency = folder, urls, concurrency
        self._host_environments = host_environments
        self.downloads_dir = downloads_dir or folder / "shared"
        self._settings = {**SECRETS, "downloads_dir": self.downloads_dir, **settings}
        self.audit = folder / "audit.jsonl"
        self.front = Front(shutdown_seconds=1, changes=MANY_STREAMS, has_second_host=True, is_plain=True)
        paths = (self.front.socket_path, self.front.second_socket_path)
        self.webs = [
            Server(url, folder / f"web-{number}", bind=f"unix:{path}", trusted_proxies="unix", **self._settings)
            for number, (url, path) in enumerate(zip(urls, paths, strict=True), 1)
        ]
        for web, more in zip(self.webs, host_environments, strict=True):
            web.env |= more
        self.workers: list[subprocess.Popen[bytes]] = []
        self._stack = ExitStack()

    def __enter__(self) -> "Fleet":
        with self._stack as stack:
            stack.enter_context(self.front)
            stack.callback(self._end_workers)
            self.workers = [self.start_worker(number) for number in (0, 1)]
            for web in self.webs:
                stack.callback(self._stop_web, web)
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(Server.start, self.webs))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start_worker(self, number: int) -> "subprocess.Popen[bytes]":
        """Start the worker of a host, 0 or 1."""
        host = self.folder / f"worker-{number + 1}"
        env = environment(self._urls[number], host, **self._settings) | self._host_environments[number]
        return audited_worker.start(env, self.audit, self.worker_log(number), self._concurrency)

    def worker_log(self, number: int) -> Path:
        """Return the file to which the worker of a host writes."""
        return self.folder / f"worker-{number + 1}.log"

    def kill_worker(self, number: int) -> None:
        """Kill a host's worker, and start another there."""
        self.workers[number].kill()
        self.workers[number].wait(30)
        self.workers[number] = self.start_worker(number)

    def kill_web(self, number: int) -> None:
        """Kill one process of a web host; its master starts another."""
        master = self.webs[number].process
        assert master is not None
        children = Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)

    def end(self) -> None:
        """Drain the workers; one that will not is a failure."""
        for worker in self.workers:
            worker.terminate()
        assert {worker.wait(60) for worker in self.workers} == {0}

    def _stop_web(self, web: Server) -> None:
        if web.process is not None:
            web.stop()

    def _end_workers(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait(30)


def open_app(database_url: str, folder: Path, **settings: Any) -> Flask:
    """Return an application on the fleet's database, with its secrets, to queue and to look."""
    given = {**SECRETS, "downloads_dir": folder / "shared", **settings}
    return create_app(database_url=database_url, instance_dir=folder / "test", **given)


def publish(root: Path, count: int, sizes: dict[str, int]) -> list[str]:
    """Write repositories with files of these sizes, no two alike; return their names."""
    names = [f"org/model-{number:03}" for number in range(count)]
    for number, name in enumerate(names):
        write_manifest(root / name, build_repository(root / name, sizes, seed=number))
    root.chmod(0o755)
    return names


def add_owners(count: int, password: str) -> list[User]:
    """Create users."""
    return [users.create_user(current_settings().downloads_dir, f"owner-{number}", password) for number in range(count)]


def queue_all(address: str, owners: Sequence[User], names: Sequence[str]) -> dict[str, str]:
    """Queue each repository for one of the owners in turn; return the repository's name by the download's id."""
    provider: Provider = catalog.add_provider(current_settings(), "near", "http", address, allow_private_network=True)
    return {queue_download(owner, provider, name).id: name for owner, name in zip(itertools.cycle(owners), names)}
