"""A real PgBouncer before a PostgreSQL, in transaction mode, otherwise as it comes."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.support.server import free_port, wait_until

_CONFIGURATION = """
[databases]
* = host={host} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {sessions}
logfile = {folder}/log
"""


@contextmanager
def serve_pgbouncer(database_url: str, sessions: int = 2) -> Iterator[str]:
    """Run it before the server of `database_url` with so many sessions; yield the same database's URL behind it."""
    url = urlsplit(database_url)
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as name:
        folder = Path(name)
        folder.chmod(0o777)
        host = parse_qs(url.query)["host"][0]
        file = folder / "pgbouncer.ini"
        file.write_text(
            _CONFIGURATION.format(host=host, user=url.username, port=port, folder=folder, sessions=sessions)
        )
        as_another = ["-u", Path(host).owner()] if os.geteuid() == 0 else []  # it refuses to run as root
        process = subprocess.Popen(["pgbouncer", "--quiet", *as_another, str(file)])
        try:
            wait_until(lambda: "process up" in _read(folder / "log"), 30, "pgbouncer")
            yield f"postgresql://{url.username}@127.0.0.1:{port}{url.path}"
        finally:
            process.terminate()
            process.wait(30)


def _read(file: Path) -> str:
    return file.read_text() if file.exists() else ""
