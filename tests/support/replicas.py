"""Debian's PostgreSQL on loopback: a primary and a streaming replica that takes its place, each in its own folder."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg2

from tests.support.postgres import folder_of_folders
from tests.support.server import free_port, wait_until

PROGRAMS = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/lib/postgresql/15/bin"))
SUPERUSER = "fleet"
PASSWORD = "only-for-this-fleet"
START_SECONDS = 60
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",  # the machine does not fail, only processes do
    "max_connections": "300",
    "shared_buffers": "32MB",
    "log_min_messages": "fatal",
    "wal_receiver_status_interval": "1",
    "wal_retrieve_retry_interval": "200ms",
}


class Node:
    """One server. PostgreSQL refuses to run as root, so there it runs as Debian's own user."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name, self.port = name, free_port()
        self.folder = folder / name
        self.folder.mkdir()
        user = _user()
        if user is not None:
            shutil.chown(self.folder, user)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        """Its data directory."""
        return self.folder / "data"

    def make(self) -> None:
        """Make an empty cluster, in which the superuser has a password that nobody asks for."""
        self._run("initdb", "-D", self.data, "-A", "trust", "-U", SUPERUSER, "-E", "UTF8", "--locale=C", "--no-sync")

    def follow(self, primary: "Node") -> None:
        """Copy another server, to be its replica."""
        source = f"host=127.0.0.1 port={primary.port} user={SUPERUSER} application_name={self.name}"
        self._run("pg_basebackup", "-D", self.data, "-d", source, "-R", "-X", "stream", "-c", "fast", "--no-sync")

    def start(self, **settings: str) -> None:
        """Start, and wait until it answers."""
        options = [f"--{name}={value}" for name, value in (_SETTINGS | settings).items()]
        command = [
            str(PROGRAMS / "postgres"),
            "-D",
            str(self.data),
            "-p",
            str(self.port),
            "-k",
            str(self.folder),
            *options,
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, user=_user(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        wait_until(self._answers, START_SECONDS, f"the {self.name} database")

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "log").read_text()
        with suppress(psycopg2.OperationalError):
            self.execute("SELECT 1")
            return True
        return False

    def kill(self) -> None:
        """Kill it and all its processes at once, as a machine that loses its power."""
        assert self._process is not None
        doomed = [psutil.Process(self._process.pid), *psutil.Process(self._process.pid).children(recursive=True)]
        for process in doomed:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait(30)
        psutil.wait_procs(doomed, 30)
        for left in self.folder.glob(".s.PGSQL.*"):  # its process id may be another's when it starts again
            left.unlink()

    def suspend(self, number: signal.Signals = signal.SIGSTOP) -> None:
        """Stop all its processes in the middle of what they do; with SIGCONT let them go on."""
        assert self._process is not None
        main = psutil.Process(self._process.pid)
        for process in [main, *main.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def fall_behind(self) -> None:
        """Let a replica receive nothing more, as one whose line to the primary is cut."""
        self.execute("ALTER SYSTEM SET primary_conninfo = ''")
        self.execute("SELECT pg_reload_conf()")
        wait_until(lambda: self.execute("SELECT 1 FROM pg_stat_wal_receiver") == [], 30, "the end of the following")

    def discard(self) -> None:
        """Remove its data: it has parted from what the new primary has."""
        shutil.rmtree(self.data)

    def stop(self) -> None:
        """End it, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self.suspend(signal.SIGCONT)
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(30)

    def promote(self) -> None:
        """Let a replica take writes; returns when it does."""
        self.execute("SELECT pg_promote(true, 30)")
        wait_until(lambda: self.execute("SELECT pg_is_in_recovery()") == [(False,)], 30, "the promotion")

    def url(self, database: str) -> str:
        """Return the URL of a database of this server alone."""
        return f"postgresql://{SUPERUSER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> list[Any]:
        """Run one statement outside any transaction; return its rows."""
        with closing(psycopg2.connect(self.url(database), connect_timeout=5)) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(PROGRAMS / program), *map(str, arguments)]
        done = subprocess.run(command, user=_user(), capture_output=True, text=True, cwd=self.folder)
        assert done.returncode == 0, done.stderr


class Pair:
    """A primary and its replica. What the primary has committed, the replica has; use it as a context manager."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="pair-", dir=folder_of_folders()))
        self._folder.chmod(0o755)
        self.primary, self.replica = Node(self._folder, "first"), Node(self._folder, "second")

    def __enter__(self) -> "Pair":
        self.primary.make()
        self.primary.start()
        self._begin_to_follow()
        self.primary.execute("CREATE DATABASE downloads")
        return self

    def __exit__(self, *_: object) -> None:
        for node in (self.primary, self.replica):
            node.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, first: Node | None = None) -> str:
        """Return the URL that names both, as DATABASE_URL may: the primary first, unless told."""
        nodes = sorted((self.primary, self.replica), key=lambda node: node is not (first or self.primary))
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in nodes)
        return f"postgresql://{SUPERUSER}:{PASSWORD}@{hosts}/downloads?target_session_attrs=read-write"

    def wait_for_nobody(self) -> None:
        """Let commits no longer wait for the replica: a failover may then lose the last of them."""
        self.primary.execute("ALTER SYSTEM SET synchronous_standby_names = ''")
        self.primary.execute("SELECT pg_reload_conf()")

    def fail_over(self, when_promoted: Callable[[Node], object]) -> None:
        """Kill the primary, let the replica take its place, and make the one that was killed its replica."""
        self.primary.kill()
        self.replica.promote()
        self.primary, self.replica = self.replica, self.primary
        when_promoted(self.primary)
        self.replica.discard()
        self._begin_to_follow()

    def _begin_to_follow(self) -> None:
        """Start the replica; from then on a commit waits for it."""
        self.replica.follow(self.primary)
        self.replica.start()
        self.primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.primary.execute("SELECT pg_reload_conf()")
        followed = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        wait_until(lambda: self.primary.execute(followed) == [(1,)], 30, "the replica")


def _user() -> str | None:
    """Return as whom PostgreSQL runs; None: as we do."""
    if os.geteuid() != 0:
        return None
    names = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
