"""A worker host that is cut off from the database writes no more; another takes over, and it learns of that later."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.models import Download, Status, User
from downloads_app.services.providers import catalog
from downloads_app.services.queue import workers
from tests.support import audited_worker, nginx
from tests.support.arrivals import check_arrived
from tests.support.downloading import reload
from tests.support.fleet import publish
from tests.support.publishing import queue_download
from tests.support.relay import Relay
from tests.support.server import environment, wait_until

LEASE_SECONDS = 3
SIZES = {"config.json": 700, "weights.bin": 4_000_000}


@pytest.fixture
def database_url(postgres_url: str) -> str:
    return postgres_url


@pytest.fixture
def row(app: Flask, alice: User, tmp_path: Path) -> Iterator[Download]:
    """A download of a repository that a slow nginx serves."""
    (name,) = publish(tmp_path / "served", 1, SIZES)
    with nginx.serve(tmp_path / "served", limit_rate_bytes=80_000) as url:
        provider = catalog.add_provider(current_settings(), "near", "http", url, allow_private_network=True)
        yield queue_download(alice, provider, name)


def through(relay: Relay, database_url: str) -> str:
    """Return the URL of the same database by way of a relay."""
    url = urlsplit(database_url)
    return f"postgresql://{url.username}@127.0.0.1:{relay.port}{url.path}"


def socket_of(database_url: str) -> Path:
    return Path(parse_qs(urlsplit(database_url).query)["host"][0]) / ".s.PGSQL.5432"


def test_a_host_that_is_cut_off_writes_nothing_more_and_is_told_when_it_comes_back(
    row: Download, database_url: str, tmp_path: Path
) -> None:
    audit, log = tmp_path / "audit.jsonl", tmp_path / "cut-off.log"
    instance, settings = tmp_path / "instance", {"lease_seconds": LEASE_SECONDS}
    processes = []
    with Relay(socket_of(database_url)) as relay:
        try:
            far = environment(through(relay, database_url), instance, **settings)
            processes.append(audited_worker.start(far, audit, log))
            wait_until(lambda: reload(row).current_bytes > 100_000, 90, "the first bytes")
            relay.cut()
            near = environment(database_url, instance, **settings)
            processes.append(audited_worker.start(near, audit, tmp_path / "near.log"))
            wait_until(lambda: reload(row).attempt == 2, 90, "the other worker")
            had = reload(row).current_bytes
            wait_until(lambda: reload(row).current_bytes > had, 90, "its bytes")
            relay.mend()  # what was held back arrives now, late
            lost = f"download {row.id}: no longer this worker's: its lease ended meanwhile"
            wait_until(lambda: lost in log.read_text(), 90, "the first worker to be told")
            assert "the database answers again, after" in log.read_text()
            wait_until(lambda: reload(row).status == Status.COMPLETED, 120, "completion")
            alive = [worker.pid for worker in workers.list_workers(LEASE_SECONDS) if worker.is_alive]
            assert sorted(alive) == sorted(process.pid for process in processes)
        finally:
            for process in processes:
                process.kill()
                process.wait(30)
    check_arrived(reload(row), tmp_path / "served")
    entries = audited_worker.read(audit)
    taken_over_at = next(entry.at for entry in entries if entry.kind == "claim" and entry.amount == 2)
    late = [entry for entry in entries if entry.pid == processes[0].pid and entry.at > taken_over_at]
    assert [entry for entry in late if entry.kind == "write"] == []
    assert audited_worker.find_overlaps(entries, {row.id: "org/model-000"}) == []
    assert reload(row).attempt == 2
