"""Two hosts are upgraded, one after the other: code of before and today's on one database, in use all the time.

`test_old_code.py` is the small form: the statements of before on the newest tables.
"""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.file_server import FileServer
from tests.support.publishing import publish
from tests.support.server import PROJECT, Server, environment, flask, wait_until
from tests.upgrades.watcher import Watcher

BEFORE = "e60c354249d3fc4a2f76b7a748e524cee924af0b"
"""The last commit before sign-ins by others, keys, audit and pauses; its tables are those of migration 0009."""
PASSWORD = "correct horse battery"
SLOW, FILE_BYTES = 20_000, 6_000_000
"""So that no download ends while hosts are upgraded: bytes a second of each connection, bytes of a file."""
SETTINGS: dict[str, Any] = {
    "stream_drain_seconds": 1,
    "stream_interval_seconds": 0.5,
    "lease_seconds": 6,
    "worker_concurrency": 2,
}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of before."""
    folder = tmp_path_factory.mktemp("before")
    archive = subprocess.run(["git", "archive", BEFORE], cwd=PROJECT, capture_output=True)
    assert archive.returncode == 0, f"this test needs the history (git fetch --unshallow): {archive.stderr.decode()}"
    subprocess.run(["tar", "--extract"], cwd=folder, input=archive.stdout, check=True)
    return folder


class Host:
    """A web server and a worker of the same code."""

    def __init__(self, folder: Path, url: str, project: Path) -> None:
        self.server = Server(url, folder / "instance", project=project, **SETTINGS)
        self.worker_log = folder / f"worker-{self.server.port}.log"
        self.server.start()
        self._start_worker()

    def _start_worker(self) -> None:
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "downloads", "worker"]
        with self.worker_log.open("ab") as log:
            self.worker = subprocess.Popen(
                command, cwd=self.server.project, env=self.server.env, stdout=log, stderr=log
            )

    def upgrade_server(self) -> None:
        assert not self.has_todays_code()
        assert self.server.stop() == 0
        self.server.project = PROJECT
        self.server.start()
        assert self.has_todays_code()

    def has_todays_code(self) -> bool:
        """Whether it knows API keys, which the code of before does not."""
        status = requests.get(f"{self.server.url}/api/keys", timeout=30).status_code
        assert status in (401, 404)
        return status == 401

    def upgrade_worker(self) -> None:
        self.worker.terminate()
        assert self.worker.wait(60) == 0
        self._start_worker()

    def stop(self) -> None:
        self.worker.terminate()
        ends = self.server.stop(), self.worker.wait(60)
        said = self.server.log() + self.worker_log.read_text()
        assert ends == (0, 0), said
        assert "Traceback" not in said, said


class Client:
    """Somebody who is signed in, and asks the one host or the other."""

    def __init__(self, host: Host, name: str) -> None:
        answer = requests.post(
            f"{host.server.url}/api/auth/login", json={"username": name, "password": PASSWORD}, timeout=30
        )
        assert answer.status_code == 200, answer.text
        self.tokens = answer.json()

    def ask(self, host: Host, method: str, path: str, token: str = "access_token", **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[token]}"}
        url = f"{host.server.url}/api{path}"
        answer = requests.request(method, url, headers=headers, json=body or None, timeout=30)
        assert answer.status_code < 300, (method, path, answer.text)
        return answer.json() if answer.content else None

    def refresh(self, host: Host) -> None:
        self.tokens = self.ask(host, "POST", "/auth/refresh", token="refresh_token")

    def queue(self, host: Host, repository: str) -> str:
        (provider,) = self.ask(host, "GET", "/providers")
        created = self.ask(host, "POST", "/downloads", provider_id=provider["id"], repository=repository)
        return str(created["id"])


def prepare(url: str, folder: Path, before: Path, provider_url: str) -> None:
    """Make tables, users and a provider by the code of before."""
    env = environment(url, folder / "instance", **SETTINGS)
    for arguments, typed in (
        (["db", "upgrade"], None),
        (["users", "create", "boss", "--admin", "--password-stdin"], PASSWORD),
        (["users", "create", "alice", "--password-stdin"], PASSWORD),
        (["providers", "add", "local", "--kind", "http", "--url", provider_url, "--allow-private-network"], None),
    ):
        done = flask(env, *arguments, stdin=typed, project=before)
        assert done.returncode == 0, done.stderr


def use_both(alice: Client, one: Host, other: Host, repository: str) -> str:
    """Do by one host what the other then sees and changes; return the id of a download that goes on."""
    alice.refresh(one)
    queued = alice.queue(other, repository)
    for host, change, status in ((one, "pause", "paused"), (other, "resume", "pending"), (one, "cancel", "cancelled")):
        alice.ask(host, "POST", f"/downloads/{queued}/{change}")
        for seen_by in (one, other):
            shown = alice.ask(seen_by, "GET", f"/downloads/{queued}")["status"]
            assert shown == status or (status == "pending" and shown == "downloading")
    alice.ask(other, "POST", f"/downloads/{queued}/retry")
    alice.refresh(other)
    return queued


def wait_for_reconnects(watchers: list[Watcher], before: int) -> None:
    wait_until(lambda: sum(each.streams for each in watchers) > before, what="reconnects")


def wait_for_worker(host: Host, boss: Client) -> None:
    """Until it has told the database of itself."""
    name = f"-{host.worker.pid}-"
    wait_until(lambda: any(name in row["id"] for row in boss.ask(host, "GET", "/workers")), what="the new worker")


def roll(hosts: tuple[Host, Host], alice: Client, boss: Client, watchers: list[Watcher]) -> list[str]:
    """Upgrade the database, then one host after the other, in use all the time; return what was queued meanwhile."""
    first, second = hosts
    done = flask(first.server.env, "db", "upgrade")
    assert done.returncode == 0, done.stderr
    queued = [use_both(alice, first, second, "org/after-migration")]
    for number, host in enumerate(hosts):
        streams = sum(each.streams for each in watchers)
        host.upgrade_server()
        queued.append(use_both(alice, first, second, f"org/after-server-{number}"))
        wait_for_reconnects(watchers, streams)
        host.upgrade_worker()
        wait_for_worker(host, boss)
    return queued


@pytest.mark.scale
def test_two_hosts_are_upgraded_one_after_the_other_and_nobody_loses_anything(
    before: Path, empty_url: str, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        provider = stack.enter_context(FileServer())
        provider.bytes_per_second = SLOW
        names = [
            f"org/{name}" for name in ("one", "two", "three", "after-migration", "after-server-0", "after-server-1")
        ]
        for name in names:
            publish(provider, name, {"weights.bin": name.encode() * (FILE_BYTES // len(name)), "small.txt": b"x"})
        prepare(empty_url, tmp_path, before, provider.url)
        hosts = Host(tmp_path, empty_url, before), Host(tmp_path, empty_url, before)
        for host in hosts:
            stack.callback(host.stop)
        alice, boss = Client(hosts[0], "alice"), Client(hosts[1], "boss")
        ports = [host.server.port for host in hosts]
        queued = [alice.queue(hosts[number % 2], name) for number, name in enumerate(names[:3])]
        watchers = [
            Watcher(order, client.tokens["access_token"]) for client in (alice, boss) for order in (ports, ports[::-1])
        ]
        for watcher in watchers:
            watcher.start()
            stack.callback(watcher.leave)
        wait_until(lambda: all(are_moving(watcher, queued[:2]) for watcher in watchers), what="bytes in the streams")
        queued += roll(hosts, alice, boss, watchers)
        provider.bytes_per_second = None
        wait_until(lambda: not any(watcher.is_alive() for watcher in watchers), 120, "the end of all streams")
        look(hosts[0], alice, queued, watchers)


def are_moving(watcher: Watcher, queued: list[str]) -> bool:
    shown = watcher.bytes_of()
    return all(shown.get(each, [0])[-1] > 0 for each in queued)


def look(host: Host, alice: Client, queued: list[str], watchers: list[Watcher]) -> None:
    """All is there, whole; no stream has said anything wrong."""
    for each in queued:
        row = alice.ask(host, "GET", f"/downloads/{each}")
        assert row["status"] == "completed", row
        events = [event["event"] for event in alice.ask(host, "GET", f"/downloads/{each}/events")]
        assert events.count("completed") == 1, events
        assert "failed" not in events, events
        files = alice.ask(host, "GET", f"/downloads/{each}/files")
        assert all(file["completed_at"] for file in files)
    for watcher in watchers:
        names = [event.name for event in watcher.events]
        assert set(names) == {"update", "complete"}
        assert names.index("complete") == len(names) - 1, "only at the very end"
        assert set(watcher.statuses) == {200}
        assert watcher.streams > 1
        shown = watcher.bytes_of()
        for each in queued[:3]:  # the others were cancelled and begun anew
            assert shown[each] == sorted(shown[each]), "bytes never go back"
