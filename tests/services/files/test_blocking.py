"""What waits for the disk is done where it holds nobody up: every removal of files asks for that."""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from flask import Flask
from sqlalchemy.pool import QueuePool

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, Provider, User
from downloads_app.services.downloads import history, lifecycle, plans, quota, usage
from downloads_app.services.files import folders
from downloads_app.services.files.blocking import RUNNER
from downloads_app.services.files.partials import find_partials
from downloads_app.sources import Listing, RemoteFile
from downloads_app.sources.selection import EVERYTHING
from tests.support.downloading import add_downloads, folder_of

R = TypeVar("R")


@pytest.fixture
def handed_over(app: Flask) -> list[Callable[..., object]]:
    """What a server with an event loop is given to do in a thread, in its order."""
    given: list[Callable[..., object]] = []

    def run(function: Callable[..., R], /, *args: Any) -> R:
        assert isinstance(db.engine.pool, QueuePool)
        assert db.engine.pool.checkedout() == 0, "no connection is held while the disk takes its time"
        given.append(function)
        return function(*args)

    RUNNER.put(app, run)
    return given


def test_cancelling_and_deleting_remove_files_in_a_thread(
    alice: User, provider: Provider, handed_over: list[Callable[..., object]]
) -> None:
    partly, wholly = ["SetAside", "remove"], ["SetAside", "remove", "remove_empty_parents"]
    acts: tuple[tuple[str, Callable[[Download], object], list[str]], ...] = (
        ("pending", lambda row: lifecycle.cancel(current_settings(), row), partly),
        ("failed", lambda row: history.delete(current_settings().downloads_dir, row), partly),
        ("completed", lambda row: history.delete(current_settings().downloads_dir, row, files=True), wholly),
    )
    for status, act, expected in acts:
        row = add_downloads(alice, provider, f"org/{status}", status=status)[0]
        folder = folder_of(row)
        find_partials(folder).mkdir(parents=True)
        folder.mkdir()
        (find_partials(folder) / "x.data").touch()
        del handed_over[:]
        act(row)
        assert [function.__name__ for function in handed_over] == expected, status
        assert not find_partials(folder).exists()


def test_measuring_and_planning_hold_no_connection(
    alice: User, provider: Provider, handed_over: list[Callable[..., object]]
) -> None:
    settings = current_settings()
    folders.folder_of_user(settings.downloads_dir, alice).mkdir(parents=True)
    alice.quota_bytes = 1
    db.session.commit()
    usage.measure(settings, alice)
    quota.refuse_when_full(settings, alice)
    plans.make_plan(
        settings, alice, provider, "org/model", Listing.choose([RemoteFile("a", "http://x/a", 1)], EVERYTHING)
    )
    assert [function.__name__ for function in handed_over] == ["tree_bytes", "tree_bytes", "tree_bytes", "_assemble"]
