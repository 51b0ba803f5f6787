"""What another download has already is linked, not fetched; a plan says so before."""

from typing import Any

import pytest
from flask import Flask

from downloads_app.models import Provider, Status, User
from downloads_app.services.downloads import history, listings
from downloads_app.worker.job import preparation
from tests.support.downloading import folder_of, plan, reload
from tests.support.file_server import FileServer
from tests.support.publishing import provide, publish, queue_download
from tests.worker.running import FILES, arrived, run
from tests.worker.transfer.transferring import noise


def test_a_file_that_a_completed_download_has_is_linked_not_fetched(
    app: Flask, alice: User, bob: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    publish(server, "org/copy", {"weights/same.bin": FILES["model.bin"], "new.bin": noise(1000, 9)})
    first = queue_download(alice, provider)
    run(app)
    planned = plan(alice, provider, "org/copy")
    assert {file.path: file.is_here for file in planned.files} == {"weights/same.bin": True, "new.bin": False}
    assert planned.here_bytes == 3_000_000
    assert plan(bob, provider, "org/copy").here_bytes == 0  # what others have is not told
    second = queue_download(bob, provider, "org/copy")
    run(app)
    assert reload(second).status == Status.COMPLETED
    assert server.seen("org/copy/weights/same.bin") == []
    one = folder_of(reload(first)) / "model.bin"
    other = folder_of(reload(second)) / "weights/same.bin"
    assert one.samefile(other)
    assert reload(second).current_bytes == 3_001_000


def test_a_copy_that_was_changed_on_the_disk_is_fetched_after_all(
    app: Flask, alice: User, bob: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    publish(server, "org/copy", {"same.bin": FILES["model.bin"]})
    first = queue_download(alice, provider)
    run(app)
    (folder_of(reload(first)) / "model.bin").write_bytes(noise(3_000_000, 77))
    second = queue_download(bob, provider, "org/copy")
    run(app)
    assert arrived(folder_of(reload(second))) == {"same.bin": FILES["model.bin"]}


@pytest.mark.parametrize("moment", ["looked for", "found", "looked at"])
def test_a_copy_that_goes_away_meanwhile_is_fetched_after_all(
    app: Flask,
    alice: User,
    bob: User,
    provider: Provider,
    server: FileServer,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    """The other download is removed just then."""
    publish(server, "org/model", FILES)
    publish(server, "org/copy", {"same.bin": FILES["model.bin"]})
    copy = folder_of(queue_download(alice, provider)) / "model.bin"
    run(app)
    holder, name = {
        "looked for": (listings, "find_copies_apart"),
        "found": (preparation, "measure_file"),
        "looked at": (preparation, "link_existing"),
    }[moment]
    usual = getattr(holder, name)

    def remove_first(*arguments: Any) -> Any:
        copy.unlink()
        return usual(*arguments)

    monkeypatch.setattr(holder, name, remove_first)
    second = queue_download(bob, provider, "org/copy")
    run(app)
    assert (reload(second).status, reload(second).error_message) == (Status.COMPLETED, None)
    assert arrived(folder_of(reload(second))) == {"same.bin": FILES["model.bin"]}
    assert not copy.exists()


def test_a_copy_at_another_provider_is_not_used(
    app: Flask, alice: User, bob: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    queue_download(alice, provider)
    run(app)
    other = provide(server, "elsewhere")
    assert plan(bob, other, "org/model").here_bytes == 0
    queue_download(bob, other)
    run(app)
    assert len(server.seen("org/model/config.json")) == 2


def test_a_plan_tells_files_bytes_and_room_and_changes_nothing(
    alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    planned = plan(alice, provider, "org/model", include=["*.bin"])
    assert [file.path for file in planned.files] == ["model.bin", "deep/er/größe %.bin"]
    assert (planned.total_bytes, planned.here_bytes, planned.quota_left_bytes) == (3_070_000, 0, None)
    assert planned.free_bytes > 0
    assert history.list_downloads().total == 0
