"""A replica that takes over without the last commits: what it does not know of is done again, and costs no byte."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, Status, User
from downloads_app.services.accounts import users
from downloads_app.services.providers import catalog
from tests.conftest import PASSWORD
from tests.support import audited_worker, nginx
from tests.support.arrivals import check_arrived
from tests.support.downloading import reload
from tests.support.fleet import SECRETS, open_app, publish
from tests.support.publishing import queue_download
from tests.support.replicas import Pair
from tests.support.server import environment, migrate, wait_until

SIZES = {"config.json": 700, "weights.bin": 1_000_000}


@pytest.fixture
def pair() -> Iterator[Pair]:
    with Pair() as pair:
        pair.wait_for_nobody()
        yield pair


@pytest.fixture
def app(pair: Pair, tmp_path: Path) -> Iterator[Flask]:
    migrate(pair.url(), tmp_path / "migrate")
    app = open_app(pair.url(), tmp_path)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def test_a_completion_that_was_lost_is_found_again_and_a_download_that_was_lost_can_be_queued_again(
    app: Flask, pair: Pair, tmp_path: Path
) -> None:
    alice = users.create_user(current_settings().downloads_dir, "alice", PASSWORD)
    names = publish(tmp_path / "served", 2, SIZES)
    audit, log = tmp_path / "audit.jsonl", tmp_path / "worker.log"
    env = environment(pair.url(), tmp_path / "worker", downloads_dir=tmp_path / "shared", lease_seconds=5, **SECRETS)
    worker = audited_worker.start(env, audit, log)
    try:
        with nginx.serve(tmp_path / "served", limit_rate_bytes=150_000) as url:
            known, unknown = _lose_the_last_commits(pair, alice, url, names)
            wait_until(lambda: reload(known).status == Status.COMPLETED, 90, "what was complete before")
            assert db.session.get(Download, unknown) is None
            again = queue_download(known.user, known.provider, names[1])
            wait_until(lambda: reload(again).status == Status.COMPLETED, 90, "what was queued again")
    finally:
        worker.terminate()
        assert worker.wait(60) == 0
    for row in (known, again):
        check_arrived(reload(row), tmp_path / "served")
    written = sum(entry.amount for entry in audited_worker.read(audit) if entry.kind == "write")
    assert written < 2 * sum(SIZES.values()) * 1.02, "something was fetched twice"
    assert "Traceback" not in log.read_text()


def _lose_the_last_commits(pair: Pair, alice: User, url: str, names: list[str]) -> tuple[Download, str]:
    """Complete two downloads, of which the replica knows one, under way; then let the replica take over.

    Return the one that it knows, and the id of the other.
    """
    provider = catalog.add_provider(current_settings(), "near", "http", url, allow_private_network=True)
    known = queue_download(alice, provider, names[0])
    under_way = f"SELECT 1 FROM downloads WHERE id = '{known.id}' AND current_bytes > 100000"
    wait_until(lambda: pair.replica.execute(under_way, "downloads"), 90, "the replica to know of the first bytes")
    pair.replica.fall_behind()
    unknown = queue_download(alice, provider, names[1])
    rows = (known, unknown)
    wait_until(lambda: {reload(row).status for row in rows} == {Status.COMPLETED}, 90, "both to be complete")
    ids = [row.id for row in rows]
    db.session.remove()
    pair.primary.kill()
    assert pair.replica.execute("SELECT id::text, status FROM downloads", "downloads") == [(ids[0], "downloading")]
    pair.replica.promote()
    return db.session.get_one(Download, ids[0]), ids[1]
