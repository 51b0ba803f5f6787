"""Two hosts whose clocks are two minutes apart: sign-ins, streams, the queue and leases do not notice."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from flask import Flask

from downloads_app import create_app
from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, Status
from downloads_app.services.accounts import users
from downloads_app.services.providers import catalog
from tests.conftest import PASSWORD
from tests.support import audited_worker
from tests.support.clocks import clock_ahead
from tests.support.downloading import reload
from tests.support.file_server import FileServer
from tests.support.fleet import SECRETS
from tests.support.postgres import Postgres
from tests.support.publishing import publish, queue_download
from tests.support.server import Server, environment, wait_until
from tests.support.sse import StreamClient

AHEAD_SECONDS = 120
LEASE_SECONDS = 3
Hosts = tuple[Server, Server]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clocks")


@pytest.fixture(scope="module")
def database_url(postgres: Postgres) -> Iterator[str]:
    """One database for this file."""
    postgres.create_database("clocks", template="template")
    yield postgres.url("clocks")
    postgres.drop_database("clocks")


@pytest.fixture(scope="module")
def hosts(database_url: str, folder: Path) -> Iterator[Hosts]:
    """A web host whose clock is right, and one whose clock is ahead."""
    right = Server(database_url, folder / "right", **SECRETS)
    wrong = Server(database_url, folder / "wrong", **SECRETS)
    wrong.env |= clock_ahead(folder, AHEAD_SECONDS)
    try:
        for server in (right, wrong):
            server.start()
        yield right, wrong
    finally:
        for server in (right, wrong):
            if server.process is not None:
                server.stop()


@pytest.fixture(scope="module")
def app(database_url: str, folder: Path) -> Iterator[Flask]:
    app = create_app(database_url=database_url, instance_dir=folder / "test", downloads_dir=folder / "all", **SECRETS)
    with app.app_context():
        users.create_user(current_settings().downloads_dir, "alice", PASSWORD)
        yield app
        db.session.remove()
        db.engine.dispose()


def sign_in(server: Server) -> dict[str, str]:
    answer = requests.post(f"{server.url}/api/auth/login", json={"username": "alice", "password": PASSWORD}, timeout=30)
    assert answer.status_code == 200, answer.text
    pair: dict[str, str] = answer.json()
    return pair


def bear(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def me(server: Server, token: str) -> int:
    return requests.get(f"{server.url}/api/auth/me", headers=bear(token), timeout=30).status_code


def test_the_host_really_is_ahead(hosts: Hosts) -> None:
    dates = [requests.get(f"{server.url}/healthz", timeout=30).headers["Date"] for server in hosts]
    seconds = [time.mktime(time.strptime(date, "%a, %d %b %Y %H:%M:%S GMT")) for date in dates]
    assert AHEAD_SECONDS - 2 <= seconds[1] - seconds[0] <= AHEAD_SECONDS + 30


@pytest.mark.parametrize("first", [0, 1], ids=["right first", "wrong first"])
def test_who_signs_in_at_one_host_is_signed_in_at_both(app: Flask, hosts: Hosts, first: int) -> None:
    pair = sign_in(hosts[first])
    for server in hosts:
        assert me(server, pair["access_token"]) == 200
        stream = StreamClient(server.port, pair["access_token"])
        try:
            assert [event.name for event in stream.wait_closed()] == ["complete"]
        finally:
            stream.close()


@pytest.mark.parametrize("first", [0, 1], ids=["right first", "wrong first"])
def test_two_tabs_may_refresh_at_two_hosts(app: Flask, hosts: Hosts, first: int) -> None:
    pair, order = sign_in(hosts[first]), (hosts[first], hosts[1 - first])
    for server in (*order, *order):
        renewed = requests.post(f"{server.url}/api/auth/refresh", headers=bear(pair["refresh_token"]), timeout=30)
        assert renewed.status_code == 200, renewed.text
        assert me(hosts[0], renewed.json()["access_token"]) == me(hosts[1], renewed.json()["access_token"]) == 200


@pytest.mark.parametrize("first", [0, 1], ids=["right first", "wrong first"])
def test_a_new_password_counts_at_once_at_both(app: Flask, hosts: Hosts, first: int) -> None:
    old = sign_in(hosts[1 - first])["access_token"]
    change = {"current_password": PASSWORD, "new_password": f"{PASSWORD} {first}"}
    done = requests.put(f"{hosts[first].url}/api/auth/password", json=change, headers=bear(old), timeout=30)
    assert done.status_code in (200, 204), done.text
    assert {me(server, old) for server in hosts} == {401}
    user = users.find_user("alice")
    users.set_password(user, PASSWORD)
    assert me(hosts[first], sign_in(hosts[1 - first])["access_token"]) == 200


def test_downloads_wait_in_the_order_in_which_they_were_added(app: Flask, hosts: Hosts) -> None:
    provider = catalog.add_provider(current_settings(), "away", "http", "http://127.0.0.1:9/")
    token = sign_in(hosts[0])["access_token"]
    for number, server in enumerate((hosts[1], hosts[0], hosts[1], hosts[0])):
        body = {"provider_id": provider.id, "repository": f"org/model-{number}"}
        added = requests.post(f"{server.url}/api/downloads", json=body, headers=bear(token), timeout=30)
        assert added.status_code == 202, added.text
    db.session.rollback()
    rows = db.session.scalars(db.select(Download).order_by(Download.created_at)).all()
    assert [row.repository.name for row in rows] == [f"org/model-{number}" for number in range(4)]
    db.session.execute(db.delete(Download))
    db.session.commit()


def is_held_for_long(row: Download) -> bool:
    """Whether its lease has been renewed until it ends two leases after the claim."""
    if row.lease_expires_at is None or row.claimed_at is None:
        return False
    return (row.lease_expires_at - row.claimed_at).total_seconds() > 2 * LEASE_SECONDS


def test_no_worker_takes_anothers_download_and_each_brings_its_own(app: Flask, database_url: str, folder: Path) -> None:
    ahead = clock_ahead(folder, AHEAD_SECONDS)
    settings = {**SECRETS, "lease_seconds": LEASE_SECONDS, "downloads_dir": folder / "all"}
    with FileServer() as server:
        server.bytes_per_second = 10_000
        provider = catalog.add_provider(current_settings(), "near", "http", server.url, allow_private_network=True)
        for number in range(4):
            publish(server, f"org/near-{number}", {"weights.bin": bytes(1_600_000)})
        alice = users.find_user("alice")
        rows = [queue_download(alice, provider, f"org/near-{number}") for number in range(4)]
        env = environment(database_url, folder / "worker", **settings)
        workers = [
            audited_worker.start(env | more, folder / "audit.jsonl", folder / f"worker-{number}.log")
            for number, more in enumerate(({}, ahead))
        ]
        try:
            wait_until(lambda: all(is_held_for_long(reload(row)) for row in rows), 120, "two leases each")
            server.bytes_per_second = None
            wait_until(lambda: all(reload(row).status == Status.COMPLETED for row in rows), 120, "all downloads")
        finally:
            for worker in workers:
                worker.kill()
                worker.wait(30)
    assert [reload(row).attempt for row in rows] == [1] * 4
    claims = [entry for entry in audited_worker.read(folder / "audit.jsonl") if entry.kind == "claim"]
    assert {claim.pid for claim in claims} == {worker.pid for worker in workers}
