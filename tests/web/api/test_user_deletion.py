"""`DELETE /api/users/{id}`: what goes with an account, and what never does."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, Status, User
from downloads_app.services.files import folders
from downloads_app.services.queue import outcomes
from tests.conftest import bearer
from tests.support.downloading import add_downloads, add_provider, claim, reload


def delete(client: FlaskClient, admin: User, user: User, query: str = "?files=true") -> int:
    return client.delete(f"/api/users/{user.id}{query}", headers=bearer(admin)).status_code


def store_a_file(user: User) -> Path:
    file = (
        folders.folder_of_user(current_settings().downloads_dir, user) / "hub" / "org" / "model" / "main" / "model.bin"
    )
    file.parent.mkdir(parents=True)
    file.write_bytes(b"weights")
    return file


def test_the_files_stay_unless_asked_for(client: FlaskClient, admin: User, alice: User) -> None:
    file = store_a_file(alice)
    assert delete(client, admin, alice, "") == 204
    assert file.exists()


def test_no_later_user_inherits_the_files_of_an_earlier_one(client: FlaskClient, admin: User, alice: User) -> None:
    file = store_a_file(alice)
    assert delete(client, admin, alice, "") == 204
    body = {"username": "alice", "password": "a whole new one"}
    refused = client.post("/api/users", json=body, headers=bearer(admin))
    assert (refused.status_code, "still there" in refused.json["message"]) == (409, True)
    file.parents[4].rename(file.parents[5] / "alice-of-before")
    assert client.post("/api/users", json=body, headers=bearer(admin)).status_code == 201


def test_with_files_only_theirs_go_and_a_symbolic_link_leads_nowhere(
    client: FlaskClient, admin: User, alice: User, bob: User, tmp_path: Path
) -> None:
    file, others = store_a_file(alice), store_a_file(bob)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    (file.parent / "link").symlink_to(outside)
    add_downloads(alice, add_provider(), "org/model", status="completed")
    folder, user_id = folders.folder_of_user(current_settings().downloads_dir, alice), alice.id
    assert delete(client, admin, alice) == 204
    assert not folder.exists()
    assert others.exists()
    assert (outside / "kept").exists()
    assert db.session.get(User, user_id) is None
    assert db.session.query(Download).count() == 0


def test_a_user_who_never_downloaded_can_be_deleted_with_files(client: FlaskClient, admin: User, alice: User) -> None:
    assert delete(client, admin, alice) == 204


def test_a_user_whose_folder_is_a_symbolic_link_stays(
    client: FlaskClient, admin: User, alice: User, tmp_path: Path
) -> None:
    (tmp_path / "kept").touch()
    folder = folders.folder_of_user(current_settings().downloads_dir, alice)
    folder.parent.mkdir(parents=True)
    folder.symlink_to(tmp_path)
    assert delete(client, admin, alice) == 409
    assert (tmp_path / "kept").exists()
    assert db.session.get(User, alice.id) is not None


def test_files_are_not_removed_under_a_worker(client: FlaskClient, admin: User, alice: User) -> None:
    file = store_a_file(alice)
    (running,) = add_downloads(alice, add_provider(), "org/model")
    held = claim()
    assert held is not None
    assert delete(client, admin, alice) == 409
    assert file.exists()
    assert reload(running).status == Status.PAUSED  # so that its worker lets go
    assert outcomes.let_go(held)
    assert delete(client, admin, alice) == 204
    assert not file.exists()


@pytest.mark.parametrize("query", ["", "?files=true"])
def test_the_last_admin_and_their_files_stay(app: Flask, client: FlaskClient, admin: User, query: str) -> None:
    file = store_a_file(admin)
    assert delete(client, admin, admin, query) == 409
    assert file.exists()
