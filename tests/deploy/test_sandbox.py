"""The lines of the units under the system call filters of the units: the service needs nothing that they forbid.

The units' other fences (mounts, users, capabilities) stand in `test_empty_debian.py`, under a systemd of its own.
"""

import os
import shlex
import stat
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from downloads_app.web.stream.pacing.io_uring.ring import Ring
from tests.support.file_server import FileServer
from tests.support.front import Front
from tests.support.postgres import Postgres
from tests.support.publishing import publish
from tests.support.server import PROJECT, environment, flask, wait_until
from tests.support.units import UNITS, read_unit

PYTHON = "/opt/downloads-app/.venv/bin/python"
PASSWORD = "correct horse battery"
CONTENT = os.urandom(300_000)
FORBIDDEN = """
import ctypes, mmap, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def judge(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
tries = {
    "memory that is written and run": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC),
    "packets": lambda: socket.socket(17, socket.SOCK_RAW, 0),
    "the kernel's sockets": lambda: socket.socket(16, socket.SOCK_RAW, 0),
    "namespaces": lambda: judge(libc.unshare(0x10000000)),
    "another user": lambda: os.setuid(os.getuid()),
    "a personality": lambda: judge(libc.personality(0x0040000)),
    "priorities": lambda: os.setpriority(os.PRIO_PROCESS, 0, 1),
    "a root": lambda: os.chroot("/"),
}
for what, act in tries.items():
    try:
        act()
        print(what)
    except OSError:
        pass
"""


class Installation:
    """What the units run, on a database and in folders of the test."""

    def __init__(self, folder: Path, database_url: str, socket_path: Path) -> None:
        self.folder, self.socket_path = folder, socket_path
        self.env = environment(database_url, folder / "instance")
        for line in (PROJECT / "deploy/downloads-app.env").read_text().splitlines():
            name, _, value = line.partition("=")
            if not line.startswith("#"):
                self.env.setdefault(name, value)
        self.env |= {"DOWNLOADS_DIR": str(folder / "downloads"), "TRUSTED_PROXIES": "unix"}
        self.env |= {"GUNICORN_BIND": f"unix:{socket_path}", "WEB_CONCURRENCY": "1"}
        del self.env["EMBEDDED_WORKER"]

    def command(self, unit: str, line: str) -> list[str]:
        """Return a line of a unit as a command under the unit's filters."""
        assert line.startswith((PYTHON, "/bin/sh -c "))
        words = shlex.split(line.replace(PYTHON, shlex.quote(sys.executable)))
        return [sys.executable, "-m", "tests.support.syscalls", unit, *words]

    def run(self, unit: str, line: str, **env: str) -> None:
        """Run such a line to its end."""
        command = self.command(unit, line)
        done = subprocess.run(command, cwd=PROJECT, env=self.env | env, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr

    def start(self, unit: str) -> "subprocess.Popen[bytes]":
        """Start a unit's service."""
        (line,) = read_unit(unit)["ExecStart"]
        with (self.folder / f"{unit}.log").open("ab") as log:
            command = self.command(unit, line)
            return subprocess.Popen(command, cwd=PROJECT, env=self.env, stdout=log, stderr=log, umask=0o027)

    def log(self, unit: str) -> str:
        return (self.folder / f"{unit}.log").read_text()


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    downloads = tmp_path_factory.getbasetemp() / "sandboxed" / "downloads"
    with Front(changes={"/var/lib/downloads-app/downloads/": f"{downloads}/"}) as front:
        yield front


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, front: Front) -> Iterator[Installation]:
    folder, name = tmp_path_factory.getbasetemp() / "sandboxed", f"sandboxed_{uuid.uuid4().hex[:12]}"
    folder.mkdir(mode=0o755)
    postgres.create_database(name)
    yield Installation(folder, postgres.url(name), front.socket_path)
    postgres.drop_database(name)


@pytest.mark.parametrize("unit", UNITS)
def test_the_filters_forbid_what_they_are_there_for(unit: str) -> None:
    command = [sys.executable, "-m", "tests.support.syscalls", unit, sys.executable, "-c", FORBIDDEN]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_under_them_the_service_migrates_serves_streams_fetches_and_stops(
    installation: Installation, front: Front
) -> None:
    web_unit = read_unit("downloads-web")
    for line in web_unit["ExecStartPre"]:
        installation.run("downloads-web", line)
    web, worker = installation.start("downloads-web"), installation.start("downloads-worker")
    try:
        wait_until(lambda: web.poll() is not None or is_ready(front), what="the web server")
        assert web.poll() is None, installation.log("downloads-web")
        with FileServer() as server:
            publish(server, "org/model", {"weights.bin": CONTENT, "sub/config.json": b"{}"})
            fetch_and_look(installation, front, server)
        for line in web_unit["ExecReload"]:
            installation.run("downloads-web", line.replace("$MAINPID", str(web.pid)))
        wait_until(lambda: installation.log("downloads-web").count("Booting worker") >= 2, what="the reload")
        assert is_ready(front)
    finally:
        web.terminate()
        worker.terminate()
        ends = web.wait(60), worker.wait(60)
    said = installation.log("downloads-web") + installation.log("downloads-worker")
    assert ends == (0, 0), said
    assert "Traceback" not in said, said
    assert "not permitted" not in said, said
    assert ("together, by io_uring" in said) is offers_io_uring()


def offers_io_uring() -> bool:
    """Whether this machine lets anybody use it, without any unit."""
    try:
        Ring().close()
    except (OSError, ValueError):
        return False
    return True


def is_ready(front: Front) -> bool:
    try:
        return requests.get(f"{front.url}/readyz", verify=str(front.certificate), timeout=5).ok
    except requests.RequestException:
        return False


def fetch_and_look(installation: Installation, front: Front, server: FileServer) -> None:
    """Sign in, queue a download, see it in the stream, and fetch its file through nginx."""
    made = flask(installation.env, "users", "create", "boss", "--admin", "--password-stdin", stdin=PASSWORD)
    assert made.returncode == 0, made.stderr
    session = requests.Session()
    session.verify, session.trust_env = str(front.certificate), False
    body = {"username": "boss", "password": PASSWORD}
    token = session.post(f"{front.url}/api/auth/login", json=body, timeout=30).json()["access_token"]
    session.headers["Authorization"] = f"Bearer {token}"
    provider = {"name": "local", "kind": "http", "url": server.url, "allow_private_network": True}
    assert session.post(f"{front.url}/api/providers", json=provider, timeout=30).status_code == 201
    server.bytes_per_second = 100_000  # of each connection: the stream begins before the end
    wanted = {"provider": "local", "repository": "org/model"}
    created = session.post(f"{front.url}/api/downloads", json=wanted, timeout=30).json()
    with session.get(f"{front.url}/api/downloads/subscribe", stream=True, timeout=60) as stream:
        names = [line.decode() for line in stream.iter_lines() if line.startswith(b"event:")]
    assert names[0] == "event: update"
    assert names[-1] == "event: complete"
    answer = session.get(f"{front.url}/api/downloads/{created['id']}/files/weights.bin", timeout=30)
    assert answer.content == CONTENT
    shown = session.get(f"{front.url}/api/downloads/{created['id']}", timeout=30).json()
    folder = Path(shown["path"])  # as admins see it
    assert folder.stat().st_mode & stat.S_ISGID, "what RestrictSUIDSGID would refuse"
