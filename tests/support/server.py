"""The real thing for acceptance tests: gunicorn with gevent workers, and `flask` commands, as processes."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

PROJECT = Path(__file__).resolve().parents[2]
START_SECONDS = 90
PORTS = range(10_000, 32_768)


def free_port() -> int:
    """Return a port that is this process's own until it ends.

    It lies below those that the kernel gives to clients, and a UDP socket of the same number, which is never closed,
    keeps it from other test processes: what is to listen there starts later, and may start twice.
    """
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as claim:
            try:
                probe.bind(("127.0.0.1", port))
                claim.bind(("127.0.0.1", port))
            except OSError:
                continue
            claim.detach()
        return port


def environment(database_url: str, instance_dir: Path, **settings: Any) -> dict[str, str]:
    """Return the environment of a process on that database; settings are given in lower case."""
    names = {name.upper(): str(value) for name, value in settings.items()}
    return {
        **{name: value for name, value in os.environ.items() if name != "GUNICORN_CMD_ARGS"},
        "DATABASE_URL": database_url,
        "INSTANCE_DIR": str(instance_dir),
        "EMBEDDED_WORKER": "0",
        "PYTHONUNBUFFERED": "1",
        **names,
    }


def flask(
    env: dict[str, str], *arguments: str, stdin: str | None = None, project: Path = PROJECT
) -> subprocess.CompletedProcess[str]:
    """Run a `flask` command to its end."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]
    return subprocess.run(command, cwd=project, env=env, input=stdin, capture_output=True, text=True, timeout=120)


def migrate(database_url: str, instance_dir: Path) -> None:
    """Bring a database to the newest form."""
    done = flask(environment(database_url, instance_dir), "db", "upgrade")
    assert done.returncode == 0, done.stderr


def wait_until(condition: Callable[[], Any], seconds: float = 60, what: str = "the condition") -> Any:
    """Return the condition's first true value; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


class Server:
    """gunicorn of the code in `project`, on a loopback port (or on `bind`), with TLS where there is a certificate."""

    def __init__(
        self,
        database_url: str,
        instance_dir: Path,
        workers: int = 1,
        arguments: tuple[str, ...] = (),
        bind: str | None = None,
        certificate: Path | None = None,
        project: Path = PROJECT,
        **settings: Any,
    ) -> None:
        self.port = free_port()
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        self._certificate = certificate
        self.project = project
        self.env = environment(database_url, instance_dir, **settings)
        self._bind = bind or f"127.0.0.1:{self.port}"
        self._workers = workers
        key = (
            ()
            if certificate is None
            else ("--certfile", str(certificate), "--keyfile", f"{certificate.parent}/key.pem")
        )
        self._arguments = (*arguments, *key)
        self.log_path = instance_dir.parent / f"gunicorn-{self.port}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = [sys.executable, "-m", "gunicorn", "wsgi:app", "-b", self._bind, "-w", str(self._workers)]
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *self._arguments],
                cwd=self.project,
                env=self.env,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        if self._bind.startswith("unix:"):
            wait_until(lambda: Path(self._bind[5:]).exists(), START_SECONDS, "gunicorn's socket")
        else:
            wait_until(self._answers, START_SECONDS, "gunicorn")

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        try:
            return requests.get(
                f"{self.url}/healthz", timeout=5, verify=str(self._certificate) if self._certificate else True
            ).ok
        except requests.RequestException:
            return False

    def log(self) -> str:
        """Return what it printed."""
        return self.log_path.read_text(errors="replace")

    def send(self, number: signal.Signals) -> None:
        """Send the master a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self, seconds: float = 30) -> int:
        """End it with TERM (KILL where that fails); return the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def flask(self, *arguments: str, stdin: str | None = None) -> str:
        """Run a `flask` command beside the server; return what it printed."""
        done = flask(self.env, *arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout
