"""A real server for the clients to follow: gunicorn with its worker, and downloads whose end is in a test's hand."""

import json
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from downloads_app import create_app
from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.services.accounts import users
from downloads_app.services.downloads import lifecycle
from downloads_app.services.providers import catalog
from tests.support.file_server import Fault, FileServer
from tests.support.server import Server

PASSWORD = "correct horse battery"
USERS = ("alice", "busy", "reader", "crowd", "idle", "gated")
STREAMS_PER_USER = 6
SLOW_BYTES_PER_SECOND = 64 * 1024
FILE_BYTES = 16 * 1024 * 1024
"""Four minutes at that speed: longer than the tests take."""


@dataclass(frozen=True)
class LiveServer:
    """A running server with USERS, and two slow providers: `endless`, and `gated` until it is released."""

    server: Server
    app: Flask
    release_url: str
    """A GET lets the `gated` provider go on at full speed."""

    @property
    def url(self) -> str:
        """Return where the server answers."""
        return self.server.url

    def token(self, username: str) -> str:
        """Return a fresh access token."""
        with self.app.app_context():
            return users.issue_token(current_settings(), users.find_user(username))

    def reload(self) -> None:
        """Replace the server's worker processes."""
        self.server.send(signal.SIGHUP)

    def start_download(self, username: str, provider: str = "endless") -> str:
        """Queue a download; return its id."""
        with self.app.app_context():
            owner, source = users.find_user(username), catalog.find_provider(provider)
            return str(lifecycle.create(current_settings(), owner, source, "models/tiny").id)

    def cancel(self, download_id: str) -> None:
        """Cancel a download."""
        self.server.flask("downloads", "cancel", download_id)


@contextmanager
def serve(folder: Path, database: Path) -> Iterator[LiveServer]:
    """Start it in `folder` on a copy of a migrated SQLite file."""
    shutil.copy(database, folder / "live.sqlite3")
    database_url, instance = f"sqlite:///{folder / 'live.sqlite3'}", folder / "instance"
    app = create_app(database_url=database_url, instance_dir=instance)
    server = Server(database_url, instance, embedded_worker=1, stream_max_per_user=STREAMS_PER_USER)
    with ExitStack() as stack:
        sources = {name: stack.enter_context(_slow_files()) for name in ("gated", "endless")}
        with app.app_context():
            stack.callback(db.engine.dispose)
            for username in USERS:
                users.create_user(current_settings().downloads_dir, username, PASSWORD, is_admin=False)
            for name, files in sources.items():
                catalog.add_provider(
                    current_settings(), name, "http", files.url, allow_private_network=True, max_connections=1
                )
        server.start()
        stack.callback(server.stop)
        yield LiveServer(server, app, sources["gated"].url + "release")


@contextmanager
def _slow_files() -> Iterator[FileServer]:
    """Serve a repository slowly, until someone gets `release`."""
    with FileServer() as files:
        files.bytes_per_second = SLOW_BYTES_PER_SECOND
        described = files.put("models/tiny/model.bin", bytes(FILE_BYTES))
        listed = {"path": "model.bin", "size": FILE_BYTES, "sha256": described.sha256}
        files.put("models/tiny/manifest.json", json.dumps({"files": [listed]}).encode())

        def release() -> None:
            files.bytes_per_second = None

        files.fail("release", Fault(status=200, before=release))
        yield files
