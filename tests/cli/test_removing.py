"""`downloads-app downloads remove`."""

import json

import pytest
from flask.testing import FlaskCliRunner

from downloads_app.models import Provider, User, utc_now
from downloads_app.services.downloads import history
from tests.cli.conftest import Run
from tests.support.downloading import add_downloads, add_provider, folder_of


@pytest.fixture
def provider() -> Provider:
    return add_provider()


def test_the_named_ones_go_and_their_files_stay_unless_asked_for(run: Run, alice: User, provider: Provider) -> None:
    done = {"status": "completed", "completed_at": utc_now()}
    first, second, third, other = add_downloads(alice, provider, "org/a", "org/b", "org/c", "org/other", **done)
    kept, gone = folder_of(first), folder_of(second)
    for folder in (kept, gone):
        folder.mkdir(parents=True)
        (folder / "model.bin").write_bytes(b"content")
    ids = [first.id, second.id, third.id]
    assert run("downloads", "remove", ids[0][:12], ids[0]) == f"Removed {ids[0]}\n"
    assert kept.exists()
    said = run("downloads", "remove", *ids[1:], "--files")
    assert said == f"Removed {ids[1]} with its files\nRemoved {ids[2]} with its files\n"
    assert not gone.exists()
    assert [row.id for row in history.list_downloads().rows] == [other.id]
    entries = json.loads(run("audit", "--action", "download_deleted", "--json"))
    assert [(entry["object_name"], entry["actor"], entry["detail"]) for entry in entries] == [
        ("org/c", "cli", "with its files"),
        ("org/b", "cli", "with its files"),
        ("org/a", "cli", None),
    ]


def test_it_says_so_where_files_stay_because_another_download_has_the_same_folder(
    run: Run, alice: User, provider: Provider
) -> None:
    done = {"status": "completed", "completed_at": utc_now()}
    first, _ = add_downloads(alice, provider, "org/model", "org/model", **done)
    named, folder = first.id, folder_of(first)
    folder.mkdir(parents=True)
    said = run("downloads", "remove", named, "--files")
    assert said == f"Removed {named}; its files stay: another download has the same folder\n"
    assert folder.exists()


def test_one_that_cannot_be_removed_is_told_and_the_others_go(
    runner: FlaskCliRunner, fail: Run, alice: User, provider: Provider
) -> None:
    active = add_downloads(alice, provider, "org/active")[0]
    over_id = add_downloads(alice, provider, "org/over", status="failed")[0].id
    assert "cancel it first" in fail("downloads", "remove", active.id)
    result = runner.invoke(args=["downloads", "remove", active.id, over_id])
    assert result.exit_code == 1
    assert result.stdout == f"Removed {over_id}\n"
    assert result.stderr == f"error: Download {active.id} is pending; cancel it first\n"
    assert [row.id for row in history.list_downloads().rows] == [active.id]


def test_where_an_id_is_wrong_nothing_is_removed(fail: Run, alice: User, provider: Provider) -> None:
    over = add_downloads(alice, provider, "org/over", status="failed")[0]
    assert "no download 'ffff-none'" in fail("downloads", "remove", over.id, "ffff-none")
    assert history.list_downloads().total == 1
