"""A real PgBouncer before a PostgreSQL, in transaction mode, otherwise as it comes."""

import os
import pwd
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.support.server import free_port, wait_until

_CONFIGURATION = """
[databases]
* = host={host} port={database_port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {sessions}
max_client_conn = 1000
server_login_retry = {login_retry_seconds}
logfile = {folder}/log
"""


class PgBouncer:
    """One pooler; use it as a context manager."""

    def __init__(
        self,
        host: str,
        user: str,
        *,
        database_port: int = 5432,
        sessions: int = 2,
        login_retry_seconds: int = 15,
        run_as: str = "nobody",
    ) -> None:
        """`host` is an address, or a socket's folder; as root it runs as another user, since it refuses to be root."""
        self._values = {"host": host, "user": user, "database_port": database_port, "sessions": sessions}
        self._values |= {"login_retry_seconds": login_retry_seconds}
        self._run_as = run_as
        self._user = user
        self.port = free_port()

    def __enter__(self) -> "PgBouncer":
        self._temporary = tempfile.TemporaryDirectory(prefix="pgbouncer-")
        self._folder = Path(self._temporary.name)
        self._folder.chmod(0o777)
        self._write()
        as_another = ["-u", self._run_as] if os.geteuid() == 0 else []
        self._process = subprocess.Popen(["pgbouncer", "--quiet", *as_another, str(self._file)])
        wait_until(lambda: "process up" in _read(self._folder / "log"), 30, "pgbouncer")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._temporary.cleanup()

    @property
    def _file(self) -> Path:
        return self._folder / "pgbouncer.ini"

    def _write(self) -> None:
        self._file.write_text(_CONFIGURATION.format(folder=self._folder, port=self.port, **self._values))
        self._file.chmod(0o644)

    def point_to(self, database_port: int) -> None:
        """Lead to another server of the same host from now on, as whoever promotes a replica does: file, then HUP."""
        self._values["database_port"] = database_port
        self._write()
        self._process.send_signal(signal.SIGHUP)

    def url(self, database: str) -> str:
        """Return the URL of a database behind it."""
        return f"postgresql://{self._user}@127.0.0.1:{self.port}/{database}"


@contextmanager
def serve_pgbouncer(database_url: str, sessions: int = 2) -> Iterator[str]:
    """Run it before the server of `database_url` with so many sessions; yield the same database's URL behind it."""
    url = urlsplit(database_url)
    host = parse_qs(url.query)["host"][0]
    assert url.username
    owner = pwd.getpwuid(Path(host).stat().st_uid).pw_name
    with PgBouncer(host, url.username, sessions=sessions, run_as=owner) as pooler:
        yield pooler.url(url.path.removeprefix("/"))


def _read(file: Path) -> str:
    return file.read_text() if file.exists() else ""
