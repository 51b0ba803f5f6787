"""Everything that stands behind the page: files, worker, gunicorn, nginx; and what tests do to it."""

import contextlib
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests
from flask import Flask

from downloads_app import create_app
from downloads_app.config import current_settings
from downloads_app.errors import Conflict
from downloads_app.extensions import db
from downloads_app.models import Download, utc_now
from downloads_app.services.accounts import users
from downloads_app.services.downloads import lifecycle
from downloads_app.services.providers import catalog
from tests.support.file_server import FileServer
from tests.support.front import Front
from tests.support.proxy import Proxy
from tests.support.server import PROJECT, Server, wait_until

PASSWORD = "correct horse battery"
USERS = {"alice": False, "bruno": False, "clara": False, "root": True}
"""Whether each is an admin. What is counted on the board is clara's: nobody else leaves failures there."""
MEBIBYTE = 1 << 20
INTERVAL_SECONDS = 0.5
SLOW_BYTES_PER_SECOND = 48 * 1024
"""Of each connection: what is to be seen under way takes minutes, however slow the machine that looks."""


def make_content(path: str, size: int) -> bytes:
    """Return bytes that no other path has (equal files would be linked, not fetched)."""
    start = b"GGUF" if path.endswith(".gguf") else b""
    return start + random.Random(path).randbytes(size - len(start))


@dataclass
class Stack:
    """What the tests hold in their hands."""

    app: Flask
    files: FileServer
    server: Server
    proxy: Proxy
    """HTTP/1.1 in the clear."""
    front: Front
    """HTTP/2, as deployed."""

    def put_repository(self, name: str, files: dict[str, int]) -> None:
        """Serve a repository: file names and their sizes in bytes."""
        listed = []
        for path, size in files.items():
            remote = self.files.put(f"{name}/{path}", make_content(f"{name}/{path}", size))
            listed.append({"path": path, "size": size, "sha256": remote.sha256})
        self.files.put(f"{name}/manifest.json", json.dumps({"files": listed}).encode())

    def add_download(self, username: str, repository: str, **options: Any) -> str:
        """Queue a download; return its id."""
        with self.app.app_context():
            user, provider = users.find_user(username), catalog.find_provider("hub")
            return lifecycle.create(current_settings(), user, provider, repository, **options).id

    def wait_for_end(self, download_id: str) -> None:
        """Wait until a download is over, and a second longer: the wire knows whole seconds."""

        def is_over() -> bool:
            with self.app.app_context():
                ended_at = db.session.get_one(Download, download_id).completed_at
                return ended_at is not None and ended_at + timedelta(seconds=1) < utc_now()

        wait_until(is_over, what="the download's end")

    def cancel(self, download_id: str) -> None:
        """Cancel a download, unless it is over already."""
        with self.app.app_context(), contextlib.suppress(Conflict):
            lifecycle.cancel(current_settings(), db.session.get_one(Download, download_id))


@contextmanager
def run_stack(
    database_url: str, folder: Path, password_hash: str, has_worker: bool = True, **settings: Any
) -> Iterator[Stack]:
    """Start it all on a migrated database, with three users and an admin."""
    app = create_app(database_url=database_url, instance_dir=folder / "instance")
    with app.app_context():
        for name, is_admin in USERS.items():
            users.add_user(current_settings().downloads_dir, name, password_hash, is_admin)
    with ExitStack() as stack:
        files = stack.enter_context(FileServer())
        with app.app_context():
            catalog.add_provider(
                current_settings(), "hub", "http", files.url, allow_private_network=True, max_connections=8
            )
            db.engine.dispose()
        options: dict[str, Any] = {"stream_interval_seconds": INTERVAL_SECONDS, "stream_drain_seconds": 1}
        options |= {"trusted_proxies": "unix,127.0.0.1", **settings}
        front = Front()
        bind_too = ("-b", f"unix:{front.socket_path}")
        server = Server(database_url, folder / "instance", arguments=bind_too, **options)
        stack.callback(server.stop)
        server.start()
        if has_worker:
            stack.enter_context(run_worker(server, folder / "worker.log"))
        proxy = stack.enter_context(Proxy(server.port))
        stack.enter_context(front)
        yield Stack(app, files, server, proxy, front)


@contextmanager
def run_worker(server: Server, log_path: Path) -> Iterator[None]:
    """Run the process that moves bytes; the server knows of it, so that no page says that none runs."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "downloads", "worker", "--concurrency", "8"]
    with log_path.open("ab") as log:
        worker = subprocess.Popen(
            command, cwd=PROJECT, env=server.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        wait_until(lambda: requests.get(f"{server.url}/readyz", timeout=30).json()["worker_alive"], what="the worker")
        yield
    finally:
        worker.terminate()
        worker.wait(30)
