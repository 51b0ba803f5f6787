"""`/api/downloads`: queueing, pausing, resuming, cancelling, retrying, deleting."""

from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete

from downloads_app.extensions import db
from downloads_app.models import Download, Repository, Status, User
from downloads_app.web.api import downloads
from tests.conftest import bearer
from tests.web.api.calling import NOBODYS_ID, add_download

DOWNLOADS = "/api/downloads"


@pytest.mark.parametrize("by_name", [True, False])
def test_a_download_is_queued_for_the_caller(
    client: FlaskClient, alice: User, repository: Repository, by_name: bool
) -> None:
    add_download(alice, repository, status=Status.COMPLETED)
    by_row = {"repository_id": repository.id}
    target = {"provider_id": repository.provider_id, "repository": "org/model"} if by_name else by_row
    options = {"revision": "v1", "include": ["*.gguf"], "exclude": ["old/"], "priority": 3}
    queued = client.post(DOWNLOADS, json={**target, **options}, headers=bearer(alice))
    assert queued.status_code == 202
    assert queued.json["user_id"] == alice.id
    assert queued.json["repository_id"] == repository.id
    assert (queued.json["status"], queued.json["revision"], queued.json["priority"]) == ("pending", "v1", 3)
    assert client.get(queued.headers["Location"], headers=bearer(alice)).json == queued.json
    row = db.session.get_one(Download, queued.json["id"])
    assert (row.include, row.exclude) == (["*.gguf"], ["old/"])


def test_the_same_download_twice_is_a_conflict_that_names_the_first(
    client: FlaskClient, alice: User, bob: User, repository: Repository
) -> None:
    body = {"provider_id": repository.provider_id, "repository": repository.name}
    first = client.post(DOWNLOADS, json=body, headers=bearer(alice))
    second = client.post(DOWNLOADS, json=body, headers=bearer(alice))
    assert second.status_code == 409
    assert first.json["id"] in second.json["message"]
    assert client.post(DOWNLOADS, json=body, headers=bearer(bob)).status_code == 202


@pytest.mark.parametrize("path", [DOWNLOADS, f"{DOWNLOADS}/plan"])
def test_the_id_of_a_repository_that_only_others_have_is_unknown(
    client: FlaskClient, alice: User, bob: User, repository: Repository, path: str
) -> None:
    add_download(bob, repository)
    refused = client.post(path, json={"repository_id": repository.id}, headers=bearer(alice))
    assert refused.status_code == 404
    assert repository.name not in refused.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"repository": "org/model"}, 422),
        ({"repository_id": NOBODYS_ID, "repository": "org/model"}, 422),
        ({"repository_id": NOBODYS_ID}, 404),
        ({"provider_id": NOBODYS_ID, "repository": "org/model"}, 404),
        ({"repository_id": NOBODYS_ID, "priority": "high"}, 422),
        ({"repository_id": NOBODYS_ID, "speed": 5}, 422),
    ],
)
def test_an_unfit_request_is_refused(client: FlaskClient, alice: User, body: dict[str, str], status: int) -> None:
    assert client.post(DOWNLOADS, json=body, headers=bearer(alice)).status_code == status
    assert client.post(DOWNLOADS, json=body).status_code == 401


@pytest.mark.parametrize("name", ["../up", "/etc/passwd", "a//b", "org/.git", "a\\b"])
def test_a_hostile_repository_name_is_refused(
    client: FlaskClient, alice: User, repository: Repository, name: str
) -> None:
    body = {"provider_id": repository.provider_id, "repository": name}
    refused = client.post(DOWNLOADS, json=body, headers=bearer(alice))
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["repository"])


def test_a_download_is_paused_resumed_cancelled_and_retried(
    client: FlaskClient, alice: User, repository: Repository
) -> None:
    one = f"{DOWNLOADS}/{add_download(alice, repository).id}"
    for action, status in (("pause", "paused"), ("resume", "pending"), ("cancel", "cancelled"), ("retry", "pending")):
        answer = client.post(f"{one}/{action}", headers=bearer(alice))
        assert (answer.status_code, answer.json["status"]) == (200, status)
    refused = client.post(f"{one}/resume", headers=bearer(alice))
    assert refused.status_code == 409
    assert "pending" in refused.json["message"]


def test_nothing_leaves_completed(client: FlaskClient, alice: User, repository: Repository) -> None:
    one = f"{DOWNLOADS}/{add_download(alice, repository, status=Status.COMPLETED).id}"
    for action in ("pause", "resume", "cancel", "retry"):
        refused = client.post(f"{one}/{action}", headers=bearer(alice))
        assert refused.status_code == 409
        assert "completed" in refused.json["message"]


def test_a_finished_download_is_deleted(client: FlaskClient, alice: User, repository: Repository) -> None:
    one = f"{DOWNLOADS}/{add_download(alice, repository, status=Status.FAILED).id}"
    assert client.delete(one, headers=bearer(alice)).status_code == 204
    assert client.get(one, headers=bearer(alice)).status_code == 404


def test_a_change_by_cookie_needs_the_csrf_header(client: FlaskClient, alice: User, download: Download) -> None:
    from tests.conftest import PASSWORD

    signed_in = client.post("/api/auth/login", json={"username": "alice", "password": PASSWORD, "cookies": True})
    assert signed_in.status_code == 200
    one = f"{DOWNLOADS}/{download.id}"
    assert client.get(one).status_code == 200
    assert client.post(f"{one}/pause").status_code == 401
    csrf = client.get_cookie("csrf_access_token")
    assert csrf is not None
    assert client.post(f"{one}/pause", headers={"X-CSRF-TOKEN": csrf.value}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("PATCH", ""), ("DELETE", ""), *(("POST", f"/{name}") for name in ("pause", "resume", "cancel"))],
)
def test_what_somebody_else_deletes_meanwhile_is_not_found(
    client: FlaskClient,
    alice: User,
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
) -> None:
    row = add_download(alice, repository, status=Status.PAUSED)
    found = downloads.find_download

    def find_and_lose(download_id: UUID) -> Download:
        """Find it, and let another request delete it before anything is done with it."""
        download = found(download_id)
        db.session.rollback()
        with db.engine.begin() as elsewhere:
            elsewhere.execute(delete(Download).where(Download.id == str(download_id)))
        return download

    monkeypatch.setattr(downloads, "find_download", find_and_lose)
    answer = client.open(f"{DOWNLOADS}/{row.id}{path}", method=method, json={"priority": 1}, headers=bearer(alice))
    assert (answer.status_code, answer.json["code"]) == (404, 404)
