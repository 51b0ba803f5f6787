"""A commit that is gone before anything was fetched: the branch is looked at once more."""

from pathlib import Path

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.models import Download, Status, User
from downloads_app.services.downloads import listings
from downloads_app.services.downloads.plans import list_remote
from downloads_app.services.providers import catalog
from downloads_app.services.queue import claims, outcomes
from downloads_app.services.queue.outcomes import ProgressReport
from downloads_app.sources.selection import EVERYTHING
from tests.support.downloading import LEASE_SECONDS, OTHER_WORKER, folder_of, reload
from tests.support.hub import Hub
from tests.support.publishing import queue_download
from tests.worker.running import arrived, run


def begin_and_rewrite(alice: User, hub: Hub, content: Path, current_bytes: int) -> Download:
    """Let a worker have listed a repository, and fetched so much, before its only commit is replaced by another."""
    content.mkdir()
    (content / "config.json").write_text("{}")
    repository = hub.add("org/model", content)
    provider = catalog.add_provider(current_settings(), "hub", "huggingface", hub.url, allow_private_network=True)
    row = queue_download(alice, provider)
    begun = claims.claim_next(OTHER_WORKER, LEASE_SECONDS)
    assert begun is not None
    access = catalog.access_of(current_settings(), provider)
    listings.store_listing(begun, list_remote("huggingface", access, "org/model", row.revision, EVERYTHING))
    if current_bytes:
        outcomes.report_progress(begun, ProgressReport(current_bytes, 0, None, 0, None))
    outcomes.hand_back(begun)
    (content / "config.json").rename(content / "renamed.json")
    repository.commits.clear()
    repository.commit(content)
    return row


def test_a_commit_that_was_rewritten_is_listed_anew(
    app: Flask, alice: User, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Hub() as hub:
        row = begin_and_rewrite(alice, hub, tmp_path / "content", 0)
        run(app)
        row = reload(row)
        assert row.status == Status.COMPLETED, row.error_message
        assert row.commit == hub.repositories["org/model"].refs["main"]
        assert arrived(folder_of(row)) == {"renamed.json": b"{}"}
    assert "its commit is gone; listed anew" in caplog.text


def test_what_has_been_begun_is_not_mixed_with_another_commit(app: Flask, alice: User, tmp_path: Path) -> None:
    with Hub() as hub:
        row = begin_and_rewrite(alice, hub, tmp_path / "content", 1)
        run(app)
        assert reload(row).status == Status.FAILED
